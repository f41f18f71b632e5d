// Answers what masters and API servers ask about task logs (3.1 `LoggerRequestProcessor`).
//
// Every request gets an answer, whatever is wrong with it: 3.1 stays silent, and its caller waits for 10 s. Where
// people read the answer, one line explains; never on a later page, which a viewer takes as a reason to ask for the
// next.
//
// Synchronous: it waits for disks, so it lives on a thread of its own, where it delays no kill. Thread-compatible. What
// is in a log goes to the peer alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "logs/log_answer.h"
#include "logs/log_pager.h"
#include "logs/log_root.h"
#include "wire/messages.h"

namespace porpoise {

class LogService {
 public:
  // Told of each request that could not be served, for the daemon's log and its counters: kDenied is a peer asking
  // for what is no task log, kNotFound is usual, the rest is trouble with the disk.
  using Report = std::function<void(const Error& problem)>;

  // `profile` is borrowed.
  LogService(LogRoot root, const wire::Profile& profile, Report report = {})
      : root_(std::move(root)), profile_(profile), report_(std::move(report)) {}

  // The beginning of the answer. A log that is too large is answered with its end, and a first line that says so.
  std::unique_ptr<LogAnswer> begin(const LogRequest& request, std::int64_t opaque);
  // The next piece of an answer, of this service or of another one.
  Result<LogPiece> next(LogAnswer& answer, bool hurry) { return noted(answer.next(pager_, hurry)); }

  // The answer to a request for what cannot be read now, as a frame. It waits for nothing.
  static std::string unread(const LogRequest& request, const wire::Profile& profile, std::int64_t opaque);

 private:
  template <typename T>
  Result<T> noted(Result<T> result) const {
    if (!result && report_) report_(result.error());
    return result;
  }
  Result<std::unique_ptr<LogAnswer>> answer(const wire::ViewLogPage& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::ViewWholeLog& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::GetLogBytes& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::RemoveLog& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::GetAppIds& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> content(wire::LogContent kind, const std::string& path, std::size_t most,
                                             std::int64_t opaque);
  std::unique_ptr<LogAnswer> ready(const wire::Outgoing& message, std::int64_t opaque) const;

  LogRoot root_;
  LogPager pager_;
  const wire::Profile& profile_;
  Report report_;
};

}  // namespace porpoise
