#include "host/runner_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "host/runner.h"

namespace porpoise {

RunnerProcess::RunnerProcess(pid_t pid, Channel channel, UniqueFd output, UniqueFd statm)
    : pid_(pid), channel_(std::move(channel)), output_(std::move(output)), statm_(std::move(statm)) {}

Result<RunnerProcess> RunnerProcess::start(const TaskRequest& request, const std::string& request_json,
                                           std::int64_t deadline_mono_ms, const Cgroup* cgroup,
                                           const SudoUser& tenant) {
  PORPOISE_TRY(auto channels, Channel::make_pair());
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  UniqueFd reader(pipe[0]);
  UniqueFd writer(pipe[1]);

  const pid_t supervisor = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("cannot fork the process for the plugin", errno);
  if (pid == 0)
    run_plugin({request, request_json, deadline_mono_ms, supervisor, cgroup, tenant, std::move(channels.second),
                std::move(writer)});

  // A runner that does not read must not hold us up.
  ::fcntl(channels.first.fd(), F_SETFL, O_NONBLOCK);
  // Only our end: children may well share the other one, and their writes have to block.
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  UniqueFd statm(::open(("/proc/" + std::to_string(pid) + "/statm").c_str(), O_RDONLY | O_CLOEXEC));
  return RunnerProcess(pid, std::move(channels.first), std::move(reader), std::move(statm));
}

std::uint64_t RunnerProcess::look_at_memory() {
  char text[128] = {};
  if (::pread(statm_.get(), text, sizeof text - 1, 0) <= 0) return 0;
  const char* const second = std::strchr(text, ' ');  // "size resident …", in pages
  if (second == nullptr) return 0;
  const std::uint64_t bytes = std::strtoull(second, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  peak_bytes_ = std::max(peak_bytes_, bytes);
  return bytes;
}

}  // namespace porpoise
