#include "replay/run_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "base/text.h"

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
  const fs::path link = root_ / "logs" / "by-name" / (unique_file_name_of(task_name) + ".log");
  std::error_code ignored;
  fs::remove(link, ignored);
  fs::create_symlink(fs::path("..") / day_.filename() / log.filename(), link, ignored);
}

std::string unique_file_name_of(std::string_view task_name) {
  std::string name = file_name_of(task_name);
  if (name == task_name) return name;
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : task_name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  char mark[16];
  std::snprintf(mark, sizeof mark, "~%08x", hash);
  return name + mark;
}

std::string file_name_of(std::string_view task_name) {
  std::string name(cut_utf8(task_name, kMaxNameBytes));
  const auto is_harmful = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::replace_if(name.begin(), name.end(), is_harmful, '_');
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  return name;
}

namespace {

constexpr std::size_t kMaxTailBytes = 256U << 10U;
constexpr std::string_view kEndMark = "FINALIZE_SESSION";

// The length of "[INFO] 2026-01-31 12:00:00.123 +0000 - ", or 0 when the line does not begin so.
std::size_t prefix_size(std::string_view line) {
  constexpr std::size_t kTimeSize = sizeof "2026-01-31 12:00:00.123 +0000" - 1;
  const std::size_t level_end = line.find("] ");
  if (line.empty() || line[0] != '[' || level_end == std::string_view::npos || level_end > 8) return 0;
  const std::size_t dash = level_end + 2 + kTimeSize;
  return line.substr(std::min(dash, line.size())).rfind(" - ", 0) == 0 ? dash + 3 : 0;
}

std::string_view without_prefix(std::string_view line) {
  if (!line.empty() && line[0] == '\t') return line.substr(1);
  line.remove_prefix(prefix_size(line));
  if (line.rfind(" -> ", 0) == 0) line.remove_prefix(4);
  return line;
}

}  // namespace

Status append_log(const std::filesystem::path& log, LogLevel level, std::string_view text, LogEnd end) {
  PORPOISE_TRY(TaskLog file, TaskLog::open(log));
  file.write(level, text);
  if (end == LogEnd::kFinal) file.write(LogLevel::kInfo, kEndMark);
  file.flush();
  return {};
}

std::vector<std::string> plain_log_lines(std::string_view log_text) {
  std::vector<std::string> lines;
  while (!log_text.empty()) {
    const std::size_t end = std::min(log_text.find('\n'), log_text.size());
    const std::string_view line = without_prefix(log_text.substr(0, end));
    if (!line.empty() && line != kEndMark) lines.emplace_back(line);
    log_text.remove_prefix(std::min(end + 1, log_text.size()));
  }
  return lines;
}

std::vector<std::string> log_tail(const std::filesystem::path& log, std::size_t count) {
  const UniqueFd fd(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return {};
  const auto size = static_cast<std::size_t>(info.st_size);
  std::string text(std::min(size, kMaxTailBytes), '\0');
  const ssize_t read = ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
  if (read < 0) return {};
  text.resize(static_cast<std::size_t>(read));
  if (size > text.size()) text.erase(0, text.find('\n') + 1);  // the first line is only half there
  std::vector<std::string> lines = plain_log_lines(text);
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

namespace {

// The file that stands for a resource, by its path below `folder`. A URL begins with a base path that only its storage
// knows, so the longest end of its path that the folder has counts.
Result<std::string> local_path(const std::string& full_name, const fs::path& folder) {
  const auto url_path = storage_url_path(full_name);
  if (!url_path) return resource_target(full_name);
  PORPOISE_TRY(const std::string whole, resource_target(*url_path));
  std::error_code ignored;
  for (std::string_view end = whole;;) {
    if (fs::exists(folder / end, ignored)) return std::string(end);
    const std::size_t slash = end.find('/');
    if (slash == std::string_view::npos) return whole;
    end.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<ResourceOrder> order_local_resources(const std::vector<std::string>& full_names,
                                            const std::filesystem::path& folder) {
  ResourceOrder order;
  order.storage.url = "file://" + folder.string();
  order.storage.base_path = "/";
  for (const std::string& name : full_names) {
    PORPOISE_TRY(const std::string path, local_path(name, folder));
    add_once(order, {storage_url_path(name) ? "/" + path : name, path});
  }
  return order;
}

Status find_local_resource(const std::string& full_name, const std::filesystem::path& folder) {
  if (full_name.empty())
    return fail(ErrorCode::kInvalid,
                "a resource has neither a name nor an id; add \"resourceName\" with its full name");
  if (folder.empty())
    return fail(ErrorCode::kInvalid, "resource \"" + full_name +
                                         "\" is in the resource centre of a cluster; say with --resources which folder "
                                         "stands for that");
  PORPOISE_TRY(const std::string path, local_path(full_name, folder));
  const UniqueFd top(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return fail_errno("resource \"" + full_name + "\": cannot open " + folder.string(), errno);
  const auto file = open_regular_beneath(top.get(), path);  // as porpoise-fetch will
  if (file) return {};
  const bool by_end = storage_url_path(full_name).has_value();
  return fail(file.error().wrap("resource \"" + full_name + "\": cannot read " + (folder / path).string() +
                                (by_end ? " or an end of that path in " + folder.string() : "")));
}

}  // namespace porpoise
