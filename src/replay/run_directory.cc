#include "replay/run_directory.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/utf8.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNameBytes = 200;  // file systems allow 255; ".log" and a parent's name want room

Error cannot_create(const fs::path& path, const std::error_code& error) {
  return errno_error("cannot create folder " + path.string() + " (choose another with --run-dir)", error.value());
}

// Logs and parameters may hold secrets: the folder is the user's alone.
Status make_private_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  return fail(cannot_create(path, std::error_code(errno, std::generic_category())));
}

}  // namespace

Result<RunDirectory> RunDirectory::create(const fs::path& root, std::string_view day_yyyymmdd) {
  std::error_code error;
  const fs::path absolute = fs::absolute(root, error).lexically_normal();
  fs::create_directories(absolute.parent_path(), error);
  if (error) return fail(cannot_create(absolute.parent_path(), error));
  if (fs::is_directory(absolute, error)) {
    if (!fs::is_empty(absolute, error) || error)
      return fail(ErrorCode::kInvalid, "run directory " + absolute.string() + " is not empty: give another --run-dir");
  } else {
    PORPOISE_TRY_VOID(make_private_folder(absolute));
  }
  const RunDirectory directory(absolute, absolute / "logs" / day_yyyymmdd);
  for (const fs::path& folder : {absolute / "logs", directory.day_, absolute / "logs" / "by-name", absolute / "tasks"})
    PORPOISE_TRY_VOID(make_private_folder(folder));
  return directory;
}

fs::path RunDirectory::log_path(const ProcessInstance& process, std::int64_t task_instance_id) const {
  return day_ / (std::to_string(process.definition_code) + "_" + std::to_string(process.definition_version) + "-" +
                 std::to_string(process.id) + "-" + std::to_string(task_instance_id) + ".log");
}

fs::path RunDirectory::state_path(std::int64_t task_instance_id) const {
  return root_ / "tasks" / std::to_string(task_instance_id);
}

fs::path RunDirectory::work_path(std::int64_t task_instance_id) const { return state_path(task_instance_id) / "work"; }

Status RunDirectory::make_state_folder(std::int64_t task_instance_id) const {
  return make_private_folder(state_path(task_instance_id));
}

void RunDirectory::link_log(std::string_view task_name, const fs::path& log) const {
  const fs::path link = root_ / "logs" / "by-name" / (file_name_of(task_name) + ".log");
  std::error_code ignored;
  fs::remove(link, ignored);
  fs::create_symlink(fs::path("..") / day_.filename() / log.filename(), link, ignored);
}

std::string file_name_of(std::string_view task_name) {
  std::string name(cut_utf8(task_name, kMaxNameBytes));
  const auto is_harmful = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::replace_if(name.begin(), name.end(), is_harmful, '_');
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  return name;
}

}  // namespace porpoise
