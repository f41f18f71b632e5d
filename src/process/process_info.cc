#include "process/process_info.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>
#include <unordered_set>

#include "base/descriptor.h"
#include "base/file.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxEnvironmentBytes = 4U
                                             << 20U;  // the kernel's own limit for arguments and environment is 6 MiB

// A file of /proc that fits into one read.
std::string_view read_small(const std::string& path, char* buffer, std::size_t size) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t count = fd ? ::read(fd.get(), buffer, size) : -1;
  return count <= 0 ? std::string_view() : std::string_view(buffer, static_cast<std::size_t>(count));
}

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return problem == std::errc();
}

bool skip_fields(std::string_view& text, int count) {
  for (std::int64_t ignored = 0; count > 0; --count)
    if (!take_number(text, ignored)) return false;
  return true;
}

pid_t to_pid(const char* name) {
  pid_t pid = 0;
  std::string_view text(name);
  return take_number(text, pid) && text.empty() ? pid : 0;
}

// Adds the children of one thread; false where the kernel does not list them.
bool add_children(const std::string& thread, std::vector<pid_t>& found) {
  const UniqueFd fd(::open((thread + "/children").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(fd.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  std::string_view rest(text);
  for (pid_t pid = 0; take_number(rest, pid);) found.push_back(pid);
  return true;
}

}  // namespace

std::unique_ptr<DIR, int (*)(DIR*)> open_folder(const std::string& path) {
  return {::opendir(path.c_str()), &::closedir};
}

std::optional<ProcessInfo> parse_stat(std::string_view text) {
  ProcessInfo info;
  if (!take_number(text, info.pid)) return std::nullopt;
  // The name is free text: only the last parenthesis ends it.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open || close + 2 >= text.size())
    return std::nullopt;
  info.name = text.substr(open + 1, close - open - 1);
  info.state = text[close + 2];
  text.remove_prefix(close + 3);
  constexpr int kFieldsBeforeThreads = 13;  // tty_nr … nice, fields 7 to 19 of proc(5); 21 is itrealvalue
  if (!take_number(text, info.parent) || !take_number(text, info.group) || !take_number(text, info.session) ||
      !skip_fields(text, kFieldsBeforeThreads) || !take_number(text, info.threads) || !skip_fields(text, 1) ||
      !take_number(text, info.start_ticks))
    return std::nullopt;
  return info;
}

std::optional<ProcessInfo> read_process(pid_t pid) {
  char buffer[1024];
  return parse_stat(read_small("/proc/" + std::to_string(pid) + "/stat", buffer, sizeof buffer));
}

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> processes;
  const auto folder = open_folder("/proc");
  if (!folder) return processes;
  while (const dirent* entry = ::readdir(folder.get())) {
    const pid_t pid = to_pid(entry->d_name);
    if (pid == 0) continue;
    if (auto info = read_process(pid)) processes.push_back(*std::move(info));
  }
  return processes;
}

std::optional<std::vector<pid_t>> listed_children_of(pid_t parent) {
  std::vector<pid_t> found;
  const std::string threads = "/proc/" + std::to_string(parent) + "/task";
  bool listed = false;
  if (const auto folder = open_folder(threads))
    while (const dirent* entry = ::readdir(folder.get()))
      if (to_pid(entry->d_name) != 0) listed |= add_children(threads + "/" + entry->d_name, found);
  if (!listed) return std::nullopt;
  return found;
}

std::vector<pid_t> children_of(pid_t parent) {
  if (auto listed = listed_children_of(parent)) return *std::move(listed);
  std::vector<pid_t> found;
  for (const ProcessInfo& process : list_processes())
    if (process.parent == parent) found.push_back(process.pid);
  return found;
}

std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& all, pid_t root) {
  std::unordered_set<pid_t> family{root};
  // A parent may come after its child in the list, as pids wrap around: repeat until nothing is added.
  for (std::size_t before = 0; before != family.size();) {
    before = family.size();
    for (const ProcessInfo& process : all)
      if (family.contains(process.parent)) family.insert(process.pid);
  }
  family.erase(root);
  std::vector<ProcessInfo> found;
  std::copy_if(all.begin(), all.end(), std::back_inserter(found),
               [&](const ProcessInfo& process) { return family.contains(process.pid); });
  return found;
}

namespace {

// Of any thread: one that has ended shows none, and the first one may be such.
std::string read_environment(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::string text = read_file(folder + "/environ", kMaxEnvironmentBytes).value_or("");
  if (!text.empty()) return text;
  const auto process = read_process(pid);
  if (!process || process->threads <= 1) return "";
  const auto threads = open_folder(folder + "/task");
  while (const dirent* entry = threads && text.empty() ? ::readdir(threads.get()) : nullptr)
    if (to_pid(entry->d_name) != 0)
      text = read_file(folder + "/task/" + entry->d_name + "/environ", kMaxEnvironmentBytes).value_or("");
  return text;
}

template <typename Wanted>
std::string first_environment_entry(pid_t pid, const Wanted& wanted) {
  const std::string text = read_environment(pid);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    if (wanted(rest.substr(0, end))) return std::string(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "";
}

}  // namespace

bool has_environment_entry(pid_t pid, std::string_view entry) {
  return !first_environment_entry(pid, [&](std::string_view one) { return one == entry; }).empty();
}

std::string find_environment_entry(pid_t pid, std::string_view beginning) {
  return first_environment_entry(pid, [&](std::string_view one) { return one.starts_with(beginning); });
}

std::string boot_id() {
  char buffer[64];
  std::string_view id = read_small("/proc/sys/kernel/random/boot_id", buffer, sizeof buffer);
  if (!id.empty() && id.back() == '\n') id.remove_suffix(1);
  return std::string(id);
}

std::string describe(const std::vector<ProcessInfo>& processes, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < std::min(limit, processes.size()); ++i) {
    if (i > 0) text += ", ";
    text += processes[i].name + " (" + std::to_string(processes[i].pid) + ")";
  }
  if (processes.size() > limit) text += " and " + std::to_string(processes.size() - limit) + " more";
  return text;
}

std::vector<ProcessInfo> task_processes(const TaskIdentity& mark) {
  const std::vector<ProcessInfo> all = list_processes();
  std::vector<ProcessInfo> found;
  std::set<pid_t> pids;
  const auto add = [&](const ProcessInfo& process) {
    if (process.pid != mark.host && pids.insert(process.pid).second) found.push_back(process);
  };
  const auto add_below = [&](const ProcessInfo& process) {
    for (const ProcessInfo& child : descendants(all, process.pid)) add(child);
  };
  // The number of a session is given to nobody else while it has members. Once it is, none of its members is ours.
  bool is_number_ours = true;
  for (const ProcessInfo& process : all) {
    if (process.pid != mark.host) continue;
    is_number_ours = process.start_ticks == mark.start_ticks;
    if (is_number_ours) add_below(process);
  }
  for (const ProcessInfo& process : all) {
    if (process.start_ticks < mark.start_ticks) continue;  // older than the task
    const bool is_member = is_number_ours && process.session == mark.host;
    if (!is_member && !has_environment_entry(process.pid, mark.environment_entry)) continue;
    add(process);
    add_below(process);
  }
  return found;
}

}  // namespace porpoise
