// Answers what masters and API servers ask about task logs (3.1 `LoggerRequestProcessor`).
//
// Every request gets an answer, whatever is wrong with it: 3.1 stays silent, and its caller waits for 10 s. Where
// people read the answer, one line explains; never on a later page, which a viewer takes as a reason to ask for the
// next.
//
// Synchronous: it waits for disks, so it lives on a thread of its own, where it delays no kill. Thread-compatible. What
// is in a log goes to the peer alone.
#pragma once

#include <functional>

#include "base/result.h"
#include "logs/log_pager.h"
#include "logs/log_root.h"
#include "wire/messages.h"

namespace porpoise {

class LogService {
 public:
  // Told of each request that could not be served, for the daemon's log and its counters: kDenied is a peer asking
  // for what is no task log, kNotFound is usual, the rest is trouble with the disk.
  using Report = std::function<void(const Error& problem)>;

  explicit LogService(LogRoot root, Report report = {}) : root_(std::move(root)), report_(std::move(report)) {}

  wire::Outgoing answer(const wire::ViewLogPage& request);
  // A log that is too large is answered with its end, and a first line that says so.
  wire::Outgoing answer(const wire::ViewWholeLog& request);
  wire::Outgoing answer(const wire::GetLogBytes& request);
  wire::Outgoing answer(const wire::RemoveLog& request);
  wire::Outgoing answer(const wire::GetAppIds& request);

  // The answers to requests for what cannot be read now. These wait for nothing.
  static wire::Outgoing unread(const wire::ViewLogPage& request);
  static wire::Outgoing unread(const wire::ViewWholeLog&);
  static wire::Outgoing unread(const wire::GetLogBytes&) { return wire::LogBytes{}; }
  static wire::Outgoing unread(const wire::RemoveLog&) { return wire::LogRemoved{false}; }
  static wire::Outgoing unread(const wire::GetAppIds&) { return wire::AppIds{}; }

 private:
  template <typename T>
  Result<T> noted(Result<T> result) const {
    if (!result && report_) report_(result.error());
    return result;
  }

  LogRoot root_;
  LogPager pager_;
  Report report_;
};

}  // namespace porpoise
