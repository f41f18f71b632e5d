// One try at a task, whatever it consists of: a task host, a condition, a nested workflow.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "launcher/task_process.h"
#include "model/request.h"

namespace porpoise {

// Lives on the runner's thread. Destroying one that runs ends it hard.
class Attempt {
 public:
  virtual ~Attempt() = default;
  // Ends it, after its grace period or at once; its end is told as usual.
  virtual void stop(const std::string& reason, bool at_once) = 0;
};

// Called exactly once per attempt and never from inside its start; the attempt may not be destroyed in there.
using AttemptDone = std::function<void(const TaskResult&)>;
using AttemptLine = std::function<void(std::string_view)>;

// Starts a task host for a request; tests put their own in its place.
using HostStarter = std::function<Result<std::unique_ptr<Attempt>>(
    const TaskRequest& request, const std::filesystem::path& state_folder, AttemptLine on_line, AttemptDone on_done)>;

// `io` must outlive the starter and its attempts.
HostStarter make_host_starter(boost::asio::io_context& io, HostSettings settings);

}  // namespace porpoise
