#include "store/task_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

#include "base/file.h"
#include "base/json.h"
#include "launcher/host_lock.h"
#include "model/host_protocol.h"
#include "taskdir/result_file.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDispatchFile = "dispatch.json";
constexpr const char* kMasterFile = "master";
constexpr const char* kAbandonedFile = "disowned";
constexpr const char* kAlertedFile = "alerted";
constexpr std::size_t kMaxFileBytes = 64U << 20U;
constexpr std::size_t kMaxMasterBytes = 1024;

Status make_folder(const fs::path& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return fail_errno("cannot make folder " + folder.string(), problem.value());
  return {};
}

// Epoch; 0 when there is no such file.
std::int64_t modified_ms(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return 0;
  return std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

// The worker died while it wrote the dispatch, before anything else. Nobody was told that the task is here.
bool never_accepted(const fs::path& folder) {
  const std::string half_written = std::string(kDispatchFile) + ".tmp";
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (at->path().filename() != half_written) return false;
  return !problem;
}

Result<std::optional<TaskRequest>> read_request(const fs::path& folder) {
  const auto text = read_file(folder / kRequestFile, kMaxFileBytes);
  if (!text && text.error().code() == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return fail(text.error());
  PORPOISE_TRY(const Json json, parse_json(*text));
  return task_request_from_json(json);
}

// So that another result can take its place, and somebody can look at this one.
Status put_result_aside(const fs::path& folder) {
  std::error_code problem;
  fs::rename(folder / kResultFile, folder / (std::string(kResultFile) + ".broken"), problem);
  if (problem) return fail_errno("cannot put aside " + (folder / kResultFile).string(), problem.value());
  return {};
}

}  // namespace

Status TaskStore::prepare() const {
  PORPOISE_TRY_VOID(make_folder(root_));
  const fs::path probe = root_ / ".probe";
  PORPOISE_TRY_VOID(write_file(probe, "", 0600, Durability::kAtomic));
  std::error_code ignored;
  fs::remove(probe, ignored);
  return {};
}

Status TaskStore::keep(std::int64_t task_instance_id, std::string_view dispatch_body) const {
  PORPOISE_TRY_VOID(make_folder(folder(task_instance_id)));
  return write_file(folder(task_instance_id) / kDispatchFile, dispatch_body, 0600, Durability::kAtomic);
}

Status TaskStore::keep_master(std::int64_t task_instance_id, const std::string& master) const {
  return write_file(folder(task_instance_id) / kMasterFile, master, 0600, Durability::kAtomic);
}

Status TaskStore::keep_result(const TaskResult& result) const {
  return write_result(folder(result.task_instance_id), result);
}

Status TaskStore::abandon(std::int64_t task_instance_id) const {
  return write_file(folder(task_instance_id) / kAbandonedFile, "", 0600, Durability::kDurable);
}

Status TaskStore::keep_alerted(std::int64_t task_instance_id) const {
  std::error_code ignored;
  if (!fs::exists(folder(task_instance_id), ignored)) return {};
  return write_file(folder(task_instance_id) / kAlertedFile, "", 0600, Durability::kAtomic);
}

// A crash from now on leaves nothing that looks like a task. The same instance may come again before this folder is
// removed, so the name is one of its own.
Result<fs::path> TaskStore::forget(std::int64_t task_instance_id) const {
  const auto moment = std::chrono::steady_clock::now().time_since_epoch().count();
  const fs::path from = folder(task_instance_id);
  fs::path to = root_ / (".gone-" + std::to_string(task_instance_id) + "-" + std::to_string(moment));
  std::error_code problem;
  fs::rename(from, to, problem);
  if (problem == std::errc::no_such_file_or_directory) return fs::path();
  if (problem) return fail_errno("cannot remove " + from.string(), problem.value());
  return to;
}

std::vector<TaskStore::Found> TaskStore::scan(std::vector<std::string>& problems) const {
  std::vector<std::pair<fs::file_time_type, fs::path>> folders;
  std::error_code ignored;
  for (fs::directory_iterator at(root_, ignored), end; !ignored && at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    const bool is_task = name.find_first_not_of("0123456789") == std::string::npos;
    if (name.starts_with(".gone-") || (is_task && never_accepted(at->path())))
      fs::remove_all(at->path(), ignored);
    else if (is_task)
      folders.emplace_back(fs::last_write_time(at->path() / kDispatchFile, ignored), at->path());
    ignored.clear();
  }
  std::sort(folders.begin(), folders.end());
  std::vector<Found> found;
  for (const auto& [time, folder] : folders) {
    auto task = read(folder);
    if (task) {
      found.push_back(*std::move(task));
    } else {
      problems.push_back("put aside " + folder.string() + ".broken: " + task.error().to_string());
      fs::remove_all(folder.string() + ".broken", ignored);
      fs::rename(folder, folder.string() + ".broken", ignored);
    }
  }
  return found;
}

Result<TaskStore::Found> TaskStore::read(const fs::path& folder) const {
  Found found;
  const std::string name = folder.filename().string();
  std::from_chars(name.data(), name.data() + name.size(), found.task_instance_id);
  PORPOISE_TRY(found.dispatch_body, read_file(folder / kDispatchFile, kMaxFileBytes));
  if (auto master = read_file(folder / kMasterFile, kMaxMasterBytes)) found.master = *std::move(master);
  PORPOISE_TRY(found.request, read_request(folder));
  found.start_time_ms = modified_ms(folder / kRequestFile);
  std::error_code ignored;
  found.abandoned = fs::exists(folder / kAbandonedFile, ignored);
  found.alerted = fs::exists(folder / kAlertedFile, ignored);
  // The lock first: a host that has let go of it writes no more.
  found.host_began = found.request && (host_lives(folder) || fs::exists(folder / kHostFile, ignored));
  auto result = read_result(folder);
  if (result) {
    found.result = *std::move(result);
  } else if (result.error().code() != ErrorCode::kNotFound) {
    if (!found.host_began) return fail(result.error());  // it never ran: without its result it would run now
    PORPOISE_TRY_VOID(put_result_aside(folder));
    found.damage = result.error().to_string();
  }
  return found;
}

}  // namespace porpoise
