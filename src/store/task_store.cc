#include "store/task_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

#include "base/file.h"
#include "base/json.h"
#include "base/network_address.h"
#include "model/host_protocol.h"
#include "taskdir/liveness.h"
#include "taskdir/result_file.h"

namespace porpoise {

std::int64_t task_id_of(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), id);
  return problem == std::errc() && end == name.data() + name.size() ? id : 0;
}

namespace {

namespace fs = std::filesystem;

constexpr const char* kDispatchFile = "dispatch.json";
constexpr const char* kMasterFile = "master";
constexpr const char* kAbandonedFile = "disowned";
constexpr const char* kAlertedFile = "alerted";
constexpr std::size_t kMaxFileBytes = 64U << 20U;
constexpr std::size_t kMaxContactBytes = 64U << 10U;

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

Result<TaskRequest> read_request(const fs::path& folder) {
  PORPOISE_TRY(const std::string text, read_file(folder / kRequestFile, kMaxFileBytes));
  PORPOISE_TRY(const Json json, parse_json(text));
  return task_request_from_json(json);
}

Result<TaskContact> parse_contact(const std::string& text) {
  TaskContact contact;
  if (!text.starts_with('{')) {  // earlier workers wrote the address alone
    contact.master = text;
  } else {
    PORPOISE_TRY(const Json json, parse_json(text));
    contact.master = string_or(json, "master", "");
    contact.process_instance_id = integer_or(json, "processInstanceId", 0);
    contact.log_path = string_or(json, "logPath", "");
    contact.execute_path = string_or(json, "executePath", "");
  }
  PORPOISE_TRY_VOID(parse_host_port(contact.master));
  return contact;
}

Result<TaskContact> read_contact(const fs::path& folder) {
  PORPOISE_TRY(const std::string text, read_file(folder / kMasterFile, kMaxContactBytes));
  auto contact = parse_contact(text);
  if (!contact) return fail(contact.error().wrap("cannot read " + (folder / kMasterFile).string()));
  return contact;
}

// So that another result can take its place, and an administrator can look at this one.
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

Result<fs::path> TaskStore::keep(std::int64_t task_instance_id, std::string_view dispatch_body,
                                 const TaskContact& contact) const {
  auto kept = try_to_keep(task_instance_id, dispatch_body, contact);
  // A task of the worker's own user may have taken its folders from it by chmod.
  if (!kept && kept.error().code() == ErrorCode::kDenied && restore_own_access(folder(task_instance_id)))
    kept = try_to_keep(task_instance_id, dispatch_body, contact);
  return kept;
}

Result<fs::path> TaskStore::try_to_keep(std::int64_t task_instance_id, std::string_view dispatch_body,
                                        const TaskContact& contact) const {
  PORPOISE_TRY(fs::path stale, forget(task_instance_id));
  PORPOISE_TRY_VOID(make_folder(folder(task_instance_id)));
  // The dispatch first: what is left of a crash in between is a task, not one that has lost its dispatch.
  Status kept = write_file(folder(task_instance_id) / kDispatchFile, dispatch_body, 0600, Durability::kAtomic);
  if (kept) kept = keep_contact(task_instance_id, contact);
  if (kept) return stale;
  std::error_code ignored;
  fs::remove_all(folder(task_instance_id), ignored);
  return fail(kept.error());
}

Status TaskStore::keep_contact(std::int64_t task_instance_id, const TaskContact& contact) const {
  const Json json{{"v", 1},
                  {"master", contact.master},
                  {"processInstanceId", contact.process_instance_id},
                  {"logPath", contact.log_path},
                  {"executePath", contact.execute_path}};
  return write_file(folder(task_instance_id) / kMasterFile, dump_json(json), 0600, Durability::kAtomic);
}

Status TaskStore::keep_result(const TaskResult& result) const {
  return write_result(folder(result.task_instance_id), result, seal_.get());
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

std::set<std::int64_t> TaskStore::ids() const {
  std::set<std::int64_t> found;
  std::error_code problem;
  for (fs::directory_iterator at(root_, problem), end; !problem && at != end; at.increment(problem))
    if (const std::int64_t id = task_id_of(at->path()); id != 0) found.insert(id);
  return found;
}

TaskStore::Scan TaskStore::scan() const {
  std::vector<std::pair<fs::file_time_type, fs::path>> folders;
  Scan scan;
  std::error_code ignored;
  for (fs::directory_iterator at(root_, ignored), end; !ignored && at != end; at.increment(ignored)) {
    const fs::path& path = at->path();
    const std::string name = path.filename().string();
    const bool is_task = name.find_first_not_of("0123456789") == std::string::npos;
    if (name.starts_with(".gone-")) {
      scan.leftovers.push_back(path);
    } else if (is_task && (task_id_of(path) == 0 || !at->is_directory(ignored) || at->is_symlink(ignored))) {
      scan.problems.push_back("put aside " + path.string() + ".broken: it is no folder of a task");
      fs::remove_all(path.string() + ".broken", ignored);
      fs::rename(path, path.string() + ".broken", ignored);
    } else if (is_task && never_accepted(path)) {
      if (auto gone = forget(task_id_of(path))) scan.leftovers.push_back(*std::move(gone));
    } else if (is_task) {
      folders.emplace_back(fs::last_write_time(path / kDispatchFile, ignored), path);
    }
    ignored.clear();
  }
  std::sort(folders.begin(), folders.end());
  for (const auto& [time, folder] : folders) scan.tasks.push_back(read(folder, task_id_of(folder)));
  return scan;
}

std::optional<TaskStore::Found> TaskStore::find(std::int64_t task_instance_id) const {
  std::error_code ignored;
  if (!fs::is_directory(folder(task_instance_id), ignored)) return std::nullopt;
  return read(folder(task_instance_id), task_instance_id);
}

bool TaskStore::occupied(std::int64_t task_instance_id) const { return host_lives(folder(task_instance_id)); }

TaskStore::Found TaskStore::read(const fs::path& folder, std::int64_t task_instance_id) const {
  Found found;
  found.task_instance_id = task_instance_id;
  const auto damaged = [&](const Error& error) { found.damage.push_back(error.to_string()); };
  // The lock first: a host that has released it writes no more.
  found.host_lives = host_lives(folder);
  std::error_code ignored;
  found.host_began = found.host_lives || fs::exists(folder / kHostFile, ignored) ||
                     fs::exists(folder / kControlFile, ignored);  // made just before it says who it is
  found.abandoned = fs::exists(folder / kAbandonedFile, ignored);
  found.alerted = fs::exists(folder / kAlertedFile, ignored);
  found.start_time_ms = modified_ms(folder / kRequestFile);
  found.requested = found.start_time_ms != 0;
  if (auto body = read_file(folder / kDispatchFile, kMaxFileBytes))
    found.dispatch_body = *std::move(body);
  else
    damaged(body.error());
  if (auto contact = read_contact(folder))
    found.contact = *std::move(contact);
  else if (contact.error().code() != ErrorCode::kNotFound)
    damaged(contact.error());
  if (auto request = read_request(folder))
    found.request = *std::move(request);
  else if (found.requested)
    damaged(request.error().wrap("cannot read " + (folder / kRequestFile).string()));
  if (auto result = read_result(folder, task_instance_id, seal_.get())) {
    found.result = *std::move(result);
  } else if (result.error().code() != ErrorCode::kNotFound) {
    found.result_damaged = true;
    damaged(result.error());
    if (!found.host_lives)
      if (const Status aside = put_result_aside(folder); !aside) damaged(aside.error());
  }
  return found;
}

}  // namespace porpoise
