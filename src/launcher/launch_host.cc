#include "launcher/launch_host.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/file.h"
#include "model/host_protocol.h"
#include "process/process_info.h"
#include "process/spawn.h"
#include "taskdir/liveness.h"

namespace porpoise {
namespace {

Status make_state_dir(const std::filesystem::path& state_dir) {
  std::error_code problem;
  std::filesystem::create_directories(state_dir, problem);
  if (problem) return fail_errno("cannot make state folder " + state_dir.string(), problem.value());
  return {};
}

Status write_request(const TaskRequest& request, const std::filesystem::path& state_dir) {
  std::error_code problem;
  for (const char* const file :
       {kResultFile, kHostFile, kOrderFile, kControlFile})  // of an earlier run: must not pass for this one's
    std::filesystem::remove(state_dir / file, problem);
  if (request.fetches_resources())
    PORPOISE_TRY_VOID(
        write_file(state_dir / kOrderFile, dump_json(to_json(request.resources)), 0600, Durability::kAtomic));
  return write_file(state_dir / kRequestFile, dump_json(to_json(request)), 0600, Durability::kAtomic);
}

struct Link {
  UniqueFd ours;
  UniqueFd hosts;
};

Result<Link> make_link() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0)
    return fail_errno("cannot make a socket pair", errno);
  return Link{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<pid_t> start_host(const HostSettings& settings, const std::filesystem::path& state_dir, int control, int errors,
                         int lock, ChildReaper* children) {
  constexpr const char* kControlFd = "3";
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  SpawnSpec spec;
  spec.argv = {settings.host_binary, state_dir, "--control-fd", kControlFd};
  if (settings.die_with_requester) spec.argv.emplace_back("--die-with-requester");
  if (settings.follow) spec.argv.emplace_back("--follow");
  if (settings.seal) spec.argv.emplace_back("--sealed");
  if (!settings.lease.empty()) spec.argv.insert(spec.argv.end(), {"--lease", settings.lease});
  spec.fds = {nothing.get(), errors, errors, control};
  if (lock >= 0) spec.fds.push_back(lock);  // held for as long as the host lives
  return children != nullptr ? children->start(spec) : spawn(spec);
}

}  // namespace

Result<LaunchedHost> launch_host(const HostSettings& settings, const TaskRequest& request,
                                 const std::filesystem::path& state_dir, ChildReaper* children) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("cannot adopt orphans", errno);
  PORPOISE_TRY_VOID(make_state_dir(state_dir));
  UniqueFd lock;
  if (!settings.die_with_requester) {
    PORPOISE_TRY(lock, lock_host(state_dir));  // before anything there is touched: a host may live
  }
  PORPOISE_TRY_VOID(write_request(request, state_dir));
  PORPOISE_TRY(Link link, make_link());
  if (settings.seal && !settings.seal->send_to(link.ours.get()))
    return fail_errno("cannot give the task host its key", errno);
  UniqueFd errors(::memfd_create("host errors", MFD_CLOEXEC));
  if (!errors) return fail_errno("cannot make a memory file", errno);
  PORPOISE_TRY(const pid_t pid, start_host(settings, state_dir, link.hosts.get(), errors.get(), lock.get(), children));
  UniqueFd pid_fd = open_pidfd(pid);
  if (!pid_fd) {  // it could not be followed
    const int problem = errno;
    ::kill(pid, SIGKILL);
    if (children != nullptr)
      children->leave(pid);
    else
      ::waitpid(pid, nullptr, 0);
    return fail_errno("cannot watch a task host", problem);
  }
  return LaunchedHost{pid, std::move(link.ours), std::move(pid_fd), std::move(errors),
                      read_process(pid).value_or(ProcessInfo{}).start_ticks};
}

UniqueFd connect_as_requester(const HostSettings& settings, std::int64_t task_instance_id,
                              const std::filesystem::path& state_dir, pid_t host, std::uint64_t start_ticks) {
  auto link = connect_to_host(state_dir);
  if (!link || link->listener != host) return UniqueFd();
  if (settings.seal) {
    const std::string cookie = task_cookie(task_instance_id, host, start_ticks);
    const std::string proof = encode(RequesterMessage(ProofMessage{settings.seal->proof_for(cookie)}));
    if (::send(link->socket.get(), proof.data(), proof.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return UniqueFd();
  }
  return std::move(link->socket);
}

Result<std::optional<LaunchedHost>> find_running_host(const HostSettings& settings, std::int64_t task_instance_id,
                                                      const std::filesystem::path& state_dir) {
  if (!host_lives(state_dir)) return std::nullopt;
  PORPOISE_TRY(const HostIdentity host, wait_for_host_identity(state_dir));
  LaunchedHost found;
  found.pid = host.pid;
  found.control = connect_as_requester(settings, task_instance_id, state_dir, host.pid, host.start_ticks);
  found.pid_fd = open_pidfd(host.pid);
  found.start_ticks = host.start_ticks;
  found.adopted = true;
  // It ended just now, and the number may be somebody else's.
  if (!found.pid_fd || !host_lives(state_dir)) return std::nullopt;
  return found;
}

namespace {

std::filesystem::path executable_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace

std::filesystem::path find_host_binary() {
  if (const char* const chosen = std::getenv("PORPOISE_HOST"); chosen != nullptr && *chosen != '\0') return chosen;
  const std::filesystem::path folder = executable_folder();
  for (const auto& candidate : {folder / "porpoise-host", folder / "../libexec/porpoise/porpoise-host"})
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  return {};
}

Result<std::filesystem::path> usable_host_binary() {
  std::filesystem::path host = find_host_binary();
  if (!host.empty() && ::access(host.c_str(), X_OK) == 0) return host;
  if (host.empty()) host = executable_folder() / "porpoise-host";
  return fail(ErrorCode::kNotFound,
              "no task host at " + host.string() + "; set PORPOISE_HOST to the program porpoise-host");
}

}  // namespace porpoise
