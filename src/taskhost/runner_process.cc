#include "taskhost/runner_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "process/spawn.h"

namespace porpoise {
namespace {

// Only our end does not block: children may well share the other one, and their writes have to.
Result<Pipe> make_output_pipe() {
  PORPOISE_TRY(Pipe pipe, make_pipe());
  ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

}  // namespace

RunnerProcess::RunnerProcess(pid_t pid, Channel channel, UniqueFd output, UniqueFd statm)
    : pid_(pid), channel_(std::move(channel)), output_(std::move(output)), statm_(std::move(statm)) {}

Result<RunnerProcess> RunnerProcess::start(const TaskRequest& request, std::int64_t deadline_mono_ms,
                                           const Cgroup* cgroup, const SudoUser& tenant) {
  PORPOISE_TRY(auto channels, Channel::make_pair());
  PORPOISE_TRY(Pipe pipe, make_output_pipe());
  const pid_t supervisor = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("cannot fork the process for the plugin", errno);
  if (pid == 0)
    run_plugin(
        {request, deadline_mono_ms, supervisor, cgroup, tenant, std::move(channels.second), std::move(pipe.writer)});

  return watch(pid, std::move(channels.first), std::move(pipe.reader));
}

Result<RunnerProcess> RunnerProcess::start_fetch(const std::filesystem::path& program, int order,
                                                 const std::filesystem::path& work_directory) {
  PORPOISE_TRY(auto channels, Channel::make_pair());
  PORPOISE_TRY(Pipe pipe, make_output_pipe());
  SpawnSpec spec;
  spec.argv = {program};
  spec.directory = work_directory;
  spec.fds = {order, pipe.writer.get(), pipe.writer.get(), channels.second.fd()};
  spec.own_group = true;
  spec.die_with_thread = true;
  PORPOISE_TRY(const pid_t pid, spawn(spec));
  return watch(pid, std::move(channels.first), std::move(pipe.reader));
}

RunnerProcess RunnerProcess::watch(pid_t pid, Channel channel, UniqueFd output) {
  // A runner that does not read must not hold us up.
  ::fcntl(channel.fd(), F_SETFL, O_NONBLOCK);
  UniqueFd statm(::open(("/proc/" + std::to_string(pid) + "/statm").c_str(), O_RDONLY | O_CLOEXEC));
  return RunnerProcess(pid, std::move(channel), std::move(output), std::move(statm));
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
