#include "openmldb/retry.h"

#include <algorithm>

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};  // doubles up to kLongestPause
constexpr milliseconds kLongestPause{5000};

// [1500] and [1501]: whom we asked is up, but did not reach the rest of the cluster.
bool is_temporary(const Failure& failure) {
  if (failure.server_code != 0 && failure.may_have_run) return true;
  return failure.server_code == 1500 || failure.server_code == 1501 ||
         failure.error.code() == ErrorCode::kUnavailable || failure.error.code() == ErrorCode::kTimeout;
}

}  // namespace

Reply<Json> repeat(const plugin::Host& host, const Repetition& repetition, const std::function<Reply<Json>()>& once) {
  const std::int64_t give_up_mono_ms = host.now_mono_ms() + repetition.within.count();
  for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto answer = once();
    if (answer || repetition.ignores_cancel || !is_temporary(answer.error())) return answer;
    if (answer.error().may_have_run && !repetition.is_harmless) return answer;
    if (host.now_mono_ms() + pause.count() > give_up_mono_ms) return answer;
    host.warn(answer.error().error.to_string() + "; trying again in " + std::to_string(pause.count()) + " ms");
    if (host.wait(pause.count()))
      return fail(Failure{Error(ErrorCode::kCancelled, "cancelled"), 0, answer.error().may_have_run});
  }
}

}  // namespace porpoise::openmldb
