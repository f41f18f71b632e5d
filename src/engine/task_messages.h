// What masters are told of a task, as 3.1 messages. Pure; `worker` is this worker's address as registered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/accepted_task.h"
#include "model/request.h"
#include "wire/messages.h"

namespace porpoise {

wire::TaskRunning running_message(const AcceptedTask& task, const std::string& worker);
// Carries the time of the end, not of the sending: a repetition, even after a restart, is the same to the byte.
wire::TaskEnded ended_message(const AcceptedTask& task, const TaskResult& result, const std::string& worker);
// That it waits for its delay time: 3.1 says it as a RESULT with the state DELAY_EXECUTION.
wire::TaskEnded delayed_message(const AcceptedTask& task, std::int64_t now_ms, const std::string& worker);
wire::TaskRejected rejected_message(const AcceptedTask& task, std::int64_t now_ms, const std::string& worker);

// About what they take in memory: what they are, and the texts in them.
std::size_t bytes_of(const wire::TaskEnded& message);
std::size_t bytes_of(const wire::TaskContext& context);

// Killed before it had a process, or not known here at all.
wire::KillAnswer killed_unstarted(std::int64_t task_instance_id, const std::string& worker);
// Its tree is verified dead, or it had ended by itself; `process_id` 0: not known any more.
wire::KillAnswer killed(std::int64_t task_instance_id, std::int64_t process_id, const std::string& app_ids,
                        const std::string& worker);

}  // namespace porpoise
