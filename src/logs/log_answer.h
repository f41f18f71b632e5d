// The answer to one request for a log, as the bytes of a frame, made in turns: no turn reads much, so that those of
// others come in between, and no answer is held as a whole.
//
// Belongs to one request of LogThread, on its thread. It waits for disks. What is in a log goes to the peer alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "logs/log_pager.h"
#include "wire/messages.h"

namespace porpoise {

// The YARN applications that a log speaks of: the first application_<digits>_<digits> of each line (3.1
// `LogUtils.getAppIdsFromLogFile`), each once, in the order of the log.

// Takes a log piece by piece, cut anywhere, and keeps no more of it than one id. Pure; one log, one thread.
class AppIdScan {
 public:
  void feed(std::string_view bytes);
  void finish();

  // At most 1024.
  const std::vector<std::string>& ids() const { return ids_; }

 private:
  void scan(bool last);
  void add(std::string_view id);

  std::string pending_;  // what was not decided yet
  bool skip_line_ = false;
  std::vector<std::string> ids_;
};

// The search of an open file, turn by turn, or of its first 1 GiB: callers of 3.1 wait for 10 s, and a job is named
// when it is submitted. `fd` must outlive it.
class AppIdSearch {
 public:
  explicit AppIdSearch(int fd) : fd_(fd) {}

  // Reads at most `max_bytes` more; true when it is complete.
  Result<bool> go_on(std::uint64_t max_bytes);
  // Those found so far.
  const std::vector<std::string>& ids() const { return scan_.ids(); }

 private:
  int fd_;
  std::uint64_t offset_ = 0;
  AppIdScan scan_;
};

using LogRequest =
    std::variant<wire::ViewLogPage, wire::ViewWholeLog, wire::GetLogBytes, wire::RemoveLog, wire::GetAppIds>;

// What one turn gives.
struct LogPiece {
  std::string bytes;  // to be sent now; may be none
  bool last = true;   // the answer is complete
};

class LogAnswer {
 public:
  virtual ~LogAnswer() = default;
  // `pager` is that of the thread. `hurry`: there is no time for another turn where one is only spent on looking; give
  // what was found. An error: the frame, if a part of it was given, cannot be completed.
  virtual Result<LogPiece> next(LogPager& pager, bool hurry) = 0;
};

// The most that a turn of the answer to this request takes in memory, and gives.
std::size_t bytes_of_turn(const LogRequest& request);

// A frame that is there already.
class ReadyAnswer final : public LogAnswer {
 public:
  explicit ReadyAnswer(std::string frame) : frame_(std::move(frame)) {}
  Result<LogPiece> next(LogPager&, bool) override { return LogPiece{std::move(frame_), true}; }

 private:
  std::string frame_;
};

// A page that has to be looked for.
class PageAnswer final : public LogAnswer {
 public:
  PageAnswer(UniqueFd log, const wire::ViewLogPage& request, const wire::Profile& profile, std::int64_t opaque);
  Result<LogPiece> next(LogPager& pager, bool hurry) override;

 private:
  const UniqueFd log_;
  LogPager::Search search_;
  const wire::Profile& profile_;
  const std::int64_t opaque_;
};

class AppIdsAnswer final : public LogAnswer {
 public:
  AppIdsAnswer(UniqueFd log, const wire::Profile& profile, std::int64_t opaque);
  Result<LogPiece> next(LogPager& pager, bool hurry) override;

 private:
  const UniqueFd log_;
  AppIdSearch search_;
  const wire::Profile& profile_;
  const std::int64_t opaque_;
};

// The content of a log, or its end, read as it is sent. A log that grows meanwhile is sent as it was; one that shrinks
// is an error.
class ContentAnswer final : public LogAnswer {
 public:
  // `note` stands before the content, in a line of its own.
  ContentAnswer(wire::LogContent content, UniqueFd log, LogTail part, std::string note, const wire::Profile& profile,
                std::int64_t opaque);
  Result<LogPiece> next(LogPager& pager, bool hurry) override;

 private:
  Result<std::string> next_content();
  Status measure();
  std::string written(std::string_view raw, bool last);
  void rewind();

  const wire::LogContent content_;
  const UniqueFd log_;
  const LogTail part_;
  const std::string note_;
  const wire::Profile& profile_;
  const std::int64_t opaque_;
  std::uint64_t offset_ = 0;
  std::string carried_;  // bytes of the content that wait for the next ones
  CrLfText text_;
  bool noted_ = false;
  bool measured_ = false;
  bool begun_ = false;
  std::uint64_t size_ = 0;  // of the content as it is written
  std::uint64_t sent_ = 0;
};

}  // namespace porpoise
