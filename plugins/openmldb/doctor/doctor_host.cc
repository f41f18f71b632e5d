#include "openmldb/doctor/doctor_host.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/file.h"

namespace porpoise::openmldb {
namespace {

TaskRequest request_in(const std::filesystem::path& folder, const std::string& environment) {
  TaskRequest request;
  request.execute_path = folder;
  request.environment_config = environment;
  return request;
}

}  // namespace

DoctorHost::DoctorHost(const std::filesystem::path& folder, const std::string& environment)
    : request_(request_in(folder, environment)),
      nobody_("", ""),
      output_(::open((folder / "output").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
      never_(::eventfd(0, EFD_CLOEXEC)),
      children_(request_, nobody_, output_.get()) {
  process_.size = sizeof process_;
  process_.spawn = [](const porpoise_host* c, const porpoise_process_spec* spec, porpoise_child* out,
                      porpoise_str* error) { return self(c).children_.spawn(*spec, out, error); };
  process_.signal = [](const porpoise_host* c, std::int64_t pid, std::int32_t number, porpoise_str* error) {
    return self(c).children_.signal(pid, number, error);
  };
  process_.wait = [](const porpoise_host* c, std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out) {
    return self(c).children_.wait(pid, timeout_ms, out);
  };
  c_.size = sizeof c_;
  c_.abi_minor = PORPOISE_ABI_MINOR;
  c_.data = this;
  c_.log = [](const porpoise_host*, porpoise_log_level, porpoise_str) {};
  c_.cancel_requested = [](const porpoise_host*) -> std::int32_t { return 0; };
  c_.cancel_fd = [](const porpoise_host* c) -> std::int32_t { return self(c).never_.get(); };
  c_.wait = [](const porpoise_host*, std::int64_t) -> std::int32_t { return 1; };  // nothing is tried again here
  c_.now_mono_ms = [](const porpoise_host*) { return mono_ms(); };
  c_.now_wall_ms = [](const porpoise_host*) { return wall_ms(); };
  c_.get_extension = [](const porpoise_host* c, porpoise_str id) -> const void* {
    return plugin::to_view(id) == PORPOISE_EXT_PROCESS ? &self(c).process_ : nullptr;
  };
}

std::string DoctorHost::output() const {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;
  return read_file(request_.execute_path + "/output", kMaxBytes).value_or("");
}

}  // namespace porpoise::openmldb
