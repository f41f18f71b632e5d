// Frames of the DolphinScheduler 3.1 protocol (3.1 `NettyEncoder`, `NettyDecoder`): bytes on a connection to and from
// commands with a JSON body.
//
// Pure values. A decoder belongs to one connection; it never holds more than the bytes that came, so a length that
// a peer only claims costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise::wire {

// The ordinals of 3.1.0 … 3.1.9 (3.1 `CommandType`); other lines of DolphinScheduler have another table.
enum class Command : std::uint8_t {
  kGetAppIdRequest = 0,
  kGetAppIdResponse = 1,
  kRemoveTaskLogRequest = 2,  // REMOVE_TAK_LOG_REQUEST (sic)
  kRemoveTaskLogResponse = 3,
  kRollViewLogRequest = 4,
  kRollViewLogResponse = 5,
  kViewWholeLogRequest = 6,
  kViewWholeLogResponse = 7,
  kGetLogBytesRequest = 8,
  kGetLogBytesResponse = 9,
  kTaskDispatchRequest = 13,
  kTaskExecuteRunning = 14,
  kTaskExecuteRunningAck = 15,
  kTaskExecuteResult = 16,
  kTaskExecuteResultAck = 17,
  kTaskKillRequest = 18,
  kTaskKillResponse = 19,
  kTaskReject = 20,
  kTaskRejectAck = 21,
  kTaskSavepointRequest = 22,
  kTaskSavepointResponse = 23,
  kHeartBeat = 24,
  kPing = 25,
  kPong = 26,
  kAlertSendRequest = 27,
  kAlertSendResponse = 28,
  kProcessHostUpdateRequest = 29,
  kLast = 36,  // WORKFLOW_EXECUTING_DATA_RESPONSE; those not named here never concern a worker
};

// The name in `CommandType`, for logs and metrics; "UNKNOWN" for a byte that is not one.
std::string_view name_of(Command command);

struct Frame {
  Command command = Command::kHeartBeat;
  std::int64_t opaque = 0;
  std::string body;
  std::size_t left_out_bytes = 0;  // of a body that is too large: they are not in `body`
  friend bool operator==(const Frame&, const Frame&) = default;
};

// What is known of a frame before its body has come.
struct FrameHead {
  Command command = Command::kHeartBeat;
  std::int64_t opaque = 0;
};

// Always with the context {"items":{}}, as every 3.1 peer writes it.
std::string encode(const Frame& frame);
// What stands before a body of so many bytes, which follows piece by piece.
std::string encode_head(const FrameHead& head, std::size_t body_bytes);

struct FrameLimits {
  std::size_t max_context_bytes = 64U << 10U;  // 3.1 sends 12
  std::size_t max_body_bytes = 16U << 20U;     // a dispatch carries one script; masters cap theirs far below
  // Of a larger body only so much is kept, from its beginning, and the rest is read over. 0: a larger one is an error.
  std::size_t kept_of_larger = 0;
};

class FrameDecoder {
 public:
  explicit FrameDecoder(FrameLimits limits = {}) : limits_(limits) {}

  // For the frame at hand and those after it.
  void limit(FrameLimits limits) { limits_ = limits; }

  // The head of the frame that next() gives next, as soon as it is there: to limit() what follows, or to let it come no
  // further. Errors as of next().
  Result<std::optional<FrameHead>> head();

  // Call next() until it has nothing more before feeding again, so that no more than one frame is ever held.
  void feed(std::string_view bytes);

  // The next whole frame; nothing when more bytes are needed. An error (wrong magic, version or type, a negative or too
  // large length) is final: there is no resynchronisation, close the connection.
  Result<std::optional<Frame>> next();

  // True while the beginning of a frame waits for its rest.
  bool mid_frame() const { return read_ < buffer_.size() || to_skip_ > 0; }
  std::size_t held_bytes() const { return buffer_.size() - read_; }

 private:
  Result<std::optional<FrameHead>> parse_head() const;
  Result<std::optional<Frame>> parse();
  std::string_view unread() const { return std::string_view(buffer_).substr(read_); }

  FrameLimits limits_;
  std::optional<Error> failure_;
  std::string buffer_;
  std::size_t to_skip_ = 0;  // of the rest of a body that was too large
  std::size_t read_ = 0;     // bytes of buffer_ that belong to frames already handed out
};

}  // namespace porpoise::wire
