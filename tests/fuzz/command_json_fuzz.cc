// First byte: the command; the rest is its body. What a worker reads keeps its promises, and what it answers with such
// texts is JSON that can be read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "wire/messages.h"

namespace {

using namespace porpoise;
using namespace porpoise::wire;

// Half an hour more in every other day: dates meet gaps and overlaps.
TimeZone restless_zone() {
  return {"restless", [](std::int64_t epoch_seconds) {
            const std::int64_t day = epoch_seconds / 86400;
            return std::chrono::seconds(28800 + (day % 2 == 0 ? 1800 : 0));
          }};
}

void check(const DispatchTask& message) {
  const TaskContext& task = message.context;
  if (task.task_instance_id <= 0) std::abort();
  if (message.master.find(':') == std::string::npos || message.master.find(':') != message.master.rfind(':'))
    std::abort();
  if (message.defect) {  // it ends as FAILURE for that reason; the rest is what could be read
    if (message.defect->message().empty()) std::abort();
    return;
  }
  if (task.task_type.empty()) std::abort();
  if (!task.schedule_time.empty() && task.schedule_time.size() != 14) std::abort();
  if (task.timeout_seconds < 0) std::abort();
}

void answer(const Profile& profile, const Outgoing& message) {
  const Frame frame = profile.encode(message, 1);
  if (!parse_json(frame.body)) std::abort();
}

void answer_with(const Profile& profile, const std::string& text, const PropertyList& var_pool, std::int64_t time) {
  TaskEnded ended;
  ended.addressing = {text, text, time};
  ended.start_time_ms = time;
  ended.log_path = text;
  ended.var_pool = var_pool;
  answer(profile, ended);
  answer(profile, LogPage{text});
  answer(profile, LogBytes{text});
  answer(profile, KillAnswer{1, text, text, 0, {text}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const auto profile = profile_31(restless_zone());
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto message = profile->decode({static_cast<Command>(data[0] % 37), 1, body});
  if (!message && message.error().message().empty()) std::abort();
  if (message && std::holds_alternative<DispatchTask>(*message)) {
    const auto& dispatch = std::get<DispatchTask>(*message);
    check(dispatch);
    answer_with(*profile, dispatch.context.task_params, dispatch.context.var_pool,
                dispatch.context.first_submit_time_ms);
  } else {
    answer_with(*profile, body, {{.prop = body, .value = body}}, static_cast<std::int64_t>(size) * 86400000);
  }
  return 0;
}
