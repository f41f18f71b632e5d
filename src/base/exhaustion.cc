#include "base/exhaustion.h"

#include <boost/system/system_error.hpp>
#include <cerrno>
#include <new>
#include <system_error>

namespace porpoise {
namespace {

// Which limit was met, and where it is set; empty when it was none.
std::string exhausted(int problem) {
  switch (problem) {
    case EAGAIN: return "no thread or process can be had (ulimit -u, TasksMax=, pids.max, kernel.pid_max)";
    case EMFILE: return "no descriptor can be had (ulimit -n, LimitNOFILE=)";
    case ENFILE: return "no descriptor can be had (fs.file-max)";
    case ENOMEM: return "no memory can be had";
    case ENOSPC: return "no room is left for what is watched or kept (fs.epoll.max_user_watches, a full disk)";
    default: return "";
  }
}

// Boost's exception is not one of <system_error> in every version of it.
int errno_of(const std::exception& thrown) {
  if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) return ENOMEM;
  if (const auto* const boosts = dynamic_cast<const boost::system::system_error*>(&thrown))
    return boosts->code().value();
  const auto* const known = dynamic_cast<const std::system_error*>(&thrown);
  return known == nullptr ? 0 : known->code().value();
}

}  // namespace

Error error_of(const std::string& what, const std::exception& thrown) {
  const std::string reason = exhausted(errno_of(thrown));
  return {ErrorCode::kUnavailable, what + ": " + (reason.empty() ? "" : reason + ": ") + thrown.what()};
}

Status caught(const std::string& what, const std::function<Status()>& work) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    return fail(error_of(what, thrown));
  }
}

}  // namespace porpoise
