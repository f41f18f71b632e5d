#include "process/user.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "process/process_info.h"
#include "process/spawn.h"

namespace porpoise {
namespace {

constexpr std::size_t kEntryBytes = 64U << 10U;  // of one user; getpwnam_r fails beyond

}  // namespace

Result<OsUser> find_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kEntryBytes);
  const int problem = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return OsUser{name, found->pw_uid, found->pw_gid, found->pw_dir};
  if (problem != 0 && problem != ENOENT && problem != ESRCH) return fail_errno("cannot look up user " + name, problem);
  return fail(ErrorCode::kNotFound, "user " + name + " does not exist on this machine");
}

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kEntryBytes);
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(uid) : found->pw_name;
}

void use_environment_of(const OsUser& user) {
  ::setenv("HOME", user.home.c_str(), 1);
  ::setenv("USER", user.name.c_str(), 1);
  ::setenv("LOGNAME", user.name.c_str(), 1);
}

Status become_user(const OsUser& user) {
  if (::initgroups(user.name.c_str(), user.gid) != 0 || ::setresgid(user.gid, user.gid, user.gid) != 0 ||
      ::setresuid(user.uid, user.uid, user.uid) != 0)
    return fail_errno("cannot become user " + user.name, errno);
  use_environment_of(user);
  return {};
}

namespace {

// sudo asks a directory service, and may ask it in vain.
constexpr std::chrono::milliseconds kHandLimit{30'000};
constexpr std::size_t kMaxErrorBytes = 4096;

// sudo is where PATH says: some systems keep their setuid programs in a place of their own.
std::string find_sudo() {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string file = std::string(rest.substr(0, end)) + "/sudo";
    if (file.front() == '/' && ::access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "";
}

// Warnings come before the reason.
std::string last_line(const UniqueFd& errors) {
  std::string text(kMaxErrorBytes, '\0');
  const ssize_t count = ::pread(errors.get(), text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

SudoUser::SudoUser(const std::string& name, std::filesystem::path host_binary)
    : name_(::geteuid() == 0 ? "" : name), host_binary_(std::move(host_binary)) {}

Result<std::vector<std::string>> SudoUser::command(std::vector<std::string> argv) const {
  std::string sudo = find_sudo();
  if (sudo.empty())
    return fail(ErrorCode::kDenied,
                "cannot act as tenant \"" + name_ +
                    "\": there is no sudo in PATH; install it, start the worker as root, or let every "
                    "task run as the worker's own user (sudo: false)");
  std::vector<std::string> words{std::move(sudo), "-n", "-u", name_, "--"};
  words.insert(words.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
  return words;
}

Result<std::vector<std::string>> SudoUser::command_without_privileges(std::vector<std::string> argv) const {
  argv.insert(argv.begin(), {host_binary_.string(), "--as-tenant", "run"});
  return command(std::move(argv));
}

Result<SudoUser::Hand> SudoUser::start(const std::vector<std::string>& words) const {
  Hand hand;
  hand.errors.reset(::memfd_create("errors of a tenant's hand", MFD_CLOEXEC));
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<std::string> argv{host_binary_.string(), "--as-tenant"};
  argv.insert(argv.end(), words.begin(), words.end());
  SpawnSpec spec;
  PORPOISE_TRY(spec.argv, command(std::move(argv)));
  spec.fds = {nothing.get(), hand.errors.get(), hand.errors.get()};
  spec.own_group = true;
  PORPOISE_TRY(hand.pid, spawn(spec));
  return hand;
}

Status SudoUser::classify_outcome(const Hand& hand, int status) const {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string reason = last_line(hand.errors);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kHandFailed)
    return fail(ErrorCode::kDenied, "tenant \"" + name_ + "\" " + reason);
  return fail(refused(reason.empty() ? "sudo ended without a word" : reason));
}

Error SudoUser::refused(const std::string& reason) const {
  std::string text = "cannot act as tenant \"" + name_ + "\": " + reason;
  // sudo says so of a program that the user may not reach.
  if (reason == "sudo: " + host_binary_.string() + ": command not found")
    return {ErrorCode::kDenied,
            text + ", as that user sees it: every folder above it must let others pass (chmod o+x)"};
  const std::string self = user_name(::geteuid());
  return {ErrorCode::kDenied, text + "; this line in /etc/sudoers.d/porpoise allows it: " + self + " ALL=(" + name_ +
                                  ") NOPASSWD: ALL (or let every task run as user " + self + ": sudo: false)"};
}

Status SudoUser::run(const std::vector<std::string>& words) const {
  PORPOISE_TRY(const Hand hand, start(words));
  pollfd end{open_pidfd(hand.pid).release(), POLLIN, 0};
  const UniqueFd owner(end.fd);
  const auto limit = std::chrono::steady_clock::now() + kHandLimit;
  int status = 0;
  while (::waitpid(hand.pid, &status, WNOHANG) == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return fail(ErrorCode::kTimeout, "cannot act as tenant \"" + name_ + "\": sudo has not answered within 30 s");
    ::poll(&end, 1, static_cast<int>(left.count()));
  }
  return classify_outcome(hand, status);
}

std::vector<std::string> kill_command(int signal, const TaskIdentity& mark) {
  return {"end", std::to_string(signal), std::to_string(mark.host), std::to_string(mark.start_ticks),
          mark.environment_entry};
}

}  // namespace porpoise
