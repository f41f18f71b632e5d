#include "openmldb/doctor/doctor_host.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/clock.h"
#include "base/file.h"
#include "process/spawn.h"

namespace porpoise::openmldb {

DoctorHost::DoctorHost(std::filesystem::path folder, std::string environment)
    : folder_(std::move(folder)),
      environment_(std::move(environment)),
      output_(::open((folder_ / "output").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
      never_(::eventfd(0, EFD_CLOEXEC)),
      no_input_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  c_.size = sizeof c_;
  c_.abi_minor = PORPOISE_ABI_MINOR;
  c_.data = this;
  c_.log = [](const porpoise_host*, porpoise_log_level, porpoise_str) {};
  c_.cancel_requested = [](const porpoise_host*) -> std::int32_t { return 0; };
  c_.cancel_fd = [](const porpoise_host* c) -> std::int32_t { return self(c).never_.get(); };
  c_.wait = [](const porpoise_host*, std::int64_t) -> std::int32_t { return 1; };  // nothing is tried again here
  c_.spawn = [](const porpoise_host* c, const porpoise_spawn* spec, std::int64_t* pid, porpoise_str* error) {
    return self(c).spawn(*spec, *pid, *error);
  };
  c_.wait_child = [](const porpoise_host*, std::int64_t pid, porpoise_exit* out) -> porpoise_status {
    int status = 0;
    while (::waitpid(static_cast<pid_t>(pid), &status, 0) < 0)
      if (errno != EINTR) return PORPOISE_INTERNAL;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out->code = WIFSIGNALED(status) ? 128 + out->signal : WEXITSTATUS(status);
    return PORPOISE_OK;
  };
  c_.now_mono_ms = [](const porpoise_host*) { return mono_ms(); };
  c_.now_wall_ms = [](const porpoise_host*) { return wall_ms(); };
}

std::string DoctorHost::output() const {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
  return read_file(folder_ / "output", kMaxBytes).value_or("");
}

porpoise_status DoctorHost::spawn(const porpoise_spawn& spec, std::int64_t& pid, porpoise_str& error) {
  SpawnSpec start;
  start.argv = {"/bin/bash", "-c", environment_ + "\n" + std::string(plugin::to_view(spec.shell))};
  start.directory = folder_;
  start.fds = {no_input_.get(), output_.get(), output_.get()};
  start.own_group = true;
  start.die_with_thread = true;
  const auto child = porpoise::spawn(start);
  if (!child) {
    error_ = child.error().to_string();
    error = plugin::to_c(error_);
    return PORPOISE_INTERNAL;
  }
  pid = *child;
  return PORPOISE_OK;
}

}  // namespace porpoise::openmldb
