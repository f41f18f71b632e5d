#include "openmldb/retry.h"

#include <algorithm>
#include <array>

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};  // doubles up to kLongestPause
constexpr milliseconds kLongestPause{5000};

// [1500] and [1501]: whom we asked is up, but did not reach the rest of the cluster.
bool is_temporary(const Failure& failure) {
  if (failure.server_code != 0)
    return failure.may_have_run || failure.server_code == 1500 || failure.server_code == 1501;
  return failure.error.code() == Code::kUnavailable || failure.error.code() == Code::kTimeout;
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
      return fail(Failure{Error(Code::kCancelled, "cancelled"), 0, answer.error().may_have_run});
  }
}

Failure refused(std::int64_t code, const std::string& message) {
  return {Error(Code::kInvalid, "[" + std::to_string(code) + "] " + message), code, is_ambiguous(message)};
}

bool is_ambiguous(std::string_view server_message) {
  // brpc's timeout (E1008, code 1004) and lost connection, and a sync wait that ended before the job.
  static constexpr std::array<std::string_view, 5> kSigns = {"Reached timeout", "E1008", "ReturnCode[1004]",
                                                             "Got EOF of Socket", "wait for job failed"};
  return std::any_of(kSigns.begin(), kSigns.end(), [server_message](std::string_view sign) {
    return server_message.find(sign) != std::string_view::npos;
  });
}

}  // namespace porpoise::openmldb
