#include "wire/frame.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>

namespace porpoise::wire {
namespace {

constexpr unsigned char kMagic = 0xBE;  // the low byte of 0xBABE (3.1 `Command`)
constexpr unsigned char kVersion = 0;
constexpr std::string_view kNoContext = R"({"items":{}})";

// Offsets in a frame; integers are big-endian.
constexpr std::size_t kVersionAt = 1;
constexpr std::size_t kTypeAt = 2;
constexpr std::size_t kOpaqueAt = 3;
constexpr std::size_t kContextLengthAt = 11;
constexpr std::size_t kContextAt = 15;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kAnyLength = std::numeric_limits<std::int32_t>::max();

constexpr std::array<std::string_view, 37> kNames = {
    "GET_APP_ID_REQUEST",
    "GET_APP_ID_RESPONSE",
    "REMOVE_TAK_LOG_REQUEST",
    "REMOVE_TAK_LOG_RESPONSE",
    "ROLL_VIEW_LOG_REQUEST",
    "ROLL_VIEW_LOG_RESPONSE",
    "VIEW_WHOLE_LOG_REQUEST",
    "VIEW_WHOLE_LOG_RESPONSE",
    "GET_LOG_BYTES_REQUEST",
    "GET_LOG_BYTES_RESPONSE",
    "WORKER_REQUEST",
    "MASTER_RESPONSE",
    "TASK_EXECUTE_START",
    "TASK_DISPATCH_REQUEST",
    "TASK_EXECUTE_RUNNING",
    "TASK_EXECUTE_RUNNING_ACK",
    "TASK_EXECUTE_RESULT",
    "TASK_EXECUTE_RESULT_ACK",
    "TASK_KILL_REQUEST",
    "TASK_KILL_RESPONSE",
    "TASK_REJECT",
    "TASK_REJECT_ACK",
    "TASK_SAVEPOINT_REQUEST",
    "TASK_SAVEPOINT_RESPONSE",
    "HEART_BEAT",
    "PING",
    "PONG",
    "ALERT_SEND_REQUEST",
    "ALERT_SEND_RESPONSE",
    "PROCESS_HOST_UPDATE_REQUEST",
    "PROCESS_HOST_UPDATE_RESPONSE",
    "STATE_EVENT_REQUEST",
    "CACHE_EXPIRE",
    "TASK_FORCE_STATE_EVENT_REQUEST",
    "TASK_WAKEUP_EVENT_REQUEST",
    "WORKFLOW_EXECUTING_DATA_REQUEST",
    "WORKFLOW_EXECUTING_DATA_RESPONSE",
};
static_assert(kNames.size() == static_cast<std::size_t>(Command::kLast) + 1);

unsigned char byte_at(std::string_view bytes, std::size_t offset) { return static_cast<unsigned char>(bytes[offset]); }

std::uint64_t read_integer(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8U | byte_at(bytes, i);
  return value;
}

void append_integer(std::string& bytes, std::uint64_t value, std::size_t width) {
  for (std::size_t left = width; left > 0; --left) bytes += static_cast<char>(value >> (left - 1) * 8U & 0xFFU);
}

tl::unexpected<Error> wrong_byte(std::string_view bytes, std::size_t offset, std::string_view why) {
  char text[64];
  std::snprintf(text, sizeof text, "byte 0x%02X at offset %zu of the frame ", unsigned{byte_at(bytes, offset)}, offset);
  return fail(ErrorCode::kInvalid, text + std::string(why));
}

// The first three bytes, each as soon as it is there: nothing else of an unknown peer's stream is worth reading.
Status check_start(std::string_view bytes) {
  if (!bytes.empty() && byte_at(bytes, 0) != kMagic) return wrong_byte(bytes, 0, "is not the magic 0xBE");
  if (bytes.size() > kVersionAt && byte_at(bytes, kVersionAt) != kVersion)
    return wrong_byte(bytes, kVersionAt, "is not the version 0x00");
  if (bytes.size() > kTypeAt && byte_at(bytes, kTypeAt) >= kNames.size())
    return wrong_byte(bytes, kTypeAt, "is no command type of 3.1");
  return {};
}

// Nothing while the length is not whole.
Result<std::optional<std::size_t>> read_length(std::string_view bytes, std::size_t offset, std::size_t limit,
                                               std::string_view what) {
  if (bytes.size() < offset + kLengthBytes) return std::nullopt;
  const auto length = static_cast<std::int32_t>(read_integer(bytes.substr(offset, kLengthBytes)));
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kInvalid, std::string(what) + " length " + std::to_string(length) + " at offset " +
                                         std::to_string(offset) + " of the frame is " + why);
  };
  if (length < 0) return refuse("negative");
  if (static_cast<std::size_t>(length) > limit) return refuse("above the limit of " + std::to_string(limit));
  return static_cast<std::size_t>(length);
}

}  // namespace

std::string_view name_of(Command command) {
  const auto ordinal = static_cast<std::size_t>(command);
  return ordinal < kNames.size() ? kNames[ordinal] : "UNKNOWN";
}

std::string encode(const Frame& frame) {
  return encode_head({frame.command, frame.opaque}, frame.body.size()) + frame.body;
}

std::string encode_head(const FrameHead& head, std::size_t body_bytes) {
  std::string bytes;
  append_integer(bytes, kMagic, 1);
  append_integer(bytes, kVersion, 1);
  append_integer(bytes, static_cast<std::uint8_t>(head.command), 1);
  append_integer(bytes, static_cast<std::uint64_t>(head.opaque), 8);
  append_integer(bytes, kNoContext.size(), kLengthBytes);
  bytes += kNoContext;
  append_integer(bytes, body_bytes, kLengthBytes);
  return bytes;
}

void FrameDecoder::feed(std::string_view bytes) {
  if (failure_) return;
  const std::size_t skipped = std::min(to_skip_, bytes.size());
  to_skip_ -= skipped;
  bytes.remove_prefix(skipped);
  // Moves no more bytes than were handed out since the last move, so the whole stays linear.
  if (read_ >= buffer_.size() - read_) {
    buffer_.erase(0, read_);
    read_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<FrameHead>> FrameDecoder::head() {
  if (failure_) return fail(*failure_);
  auto head = parse_head();
  if (!head) {
    failure_ = head.error();
    std::string().swap(buffer_);
    read_ = 0;
  }
  return head;
}

Result<std::optional<FrameHead>> FrameDecoder::parse_head() const {
  const std::string_view bytes = unread();
  PORPOISE_TRY_VOID(check_start(bytes));
  if (bytes.size() < kContextLengthAt) return std::nullopt;
  return FrameHead{static_cast<Command>(byte_at(bytes, kTypeAt)),
                   static_cast<std::int64_t>(read_integer(bytes.substr(kOpaqueAt, 8)))};
}

Result<std::optional<Frame>> FrameDecoder::next() {
  if (failure_) return fail(*failure_);
  auto frame = parse();
  if (!frame) failure_ = frame.error();
  if (!frame || read_ == buffer_.size()) {
    std::string().swap(buffer_);  // an idle connection holds nothing; clear() would keep the memory
    read_ = 0;
  }
  return frame;
}

Result<std::optional<Frame>> FrameDecoder::parse() {
  const std::string_view bytes = unread();
  PORPOISE_TRY(const auto head, parse_head());
  if (!head) return std::nullopt;
  // Peers never look into the context; a zero-length one is tolerated as they do.
  PORPOISE_TRY(const auto context, read_length(bytes, kContextLengthAt, limits_.max_context_bytes, "context"));
  if (!context) return std::nullopt;
  const std::size_t body_length_at = kContextAt + *context;
  const std::size_t most = limits_.kept_of_larger > 0 ? kAnyLength : limits_.max_body_bytes;
  PORPOISE_TRY(const auto body, read_length(bytes, body_length_at, most, "body"));
  const std::size_t body_at = body_length_at + kLengthBytes;
  const std::size_t kept =
      body && *body > limits_.max_body_bytes ? std::min(*body, limits_.kept_of_larger) : body.value_or(0);
  if (!body || bytes.size() - body_at < kept) return std::nullopt;

  Frame frame;
  frame.command = head->command;
  frame.opaque = head->opaque;
  frame.body = bytes.substr(body_at, kept);
  frame.left_out_bytes = *body - kept;
  const std::size_t here = std::min(*body, bytes.size() - body_at);
  to_skip_ = *body - here;
  read_ += body_at + here;
  return frame;
}

}  // namespace porpoise::wire
