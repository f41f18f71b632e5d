#include "model/safe_path.h"

#include <algorithm>

#include "base/text.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxShownBytes = 100;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

const char* part_problem(std::string_view part) {
  if (part.empty()) return "has an empty part between slashes";
  if (part == "." || part == "..") return "would leave the working directory (it has a part . or ..)";
  if (part.size() > kMaxPathPartBytes) return "has a part longer than 255 bytes";
  if (std::any_of(part.begin(), part.end(), is_control)) return "has a control character";
  return nullptr;
}

}  // namespace

const char* relative_path_problem(std::string_view path, std::size_t max_bytes) {
  if (path.size() > max_bytes) return "is longer than 1024 bytes";
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (const char* const problem = part_problem(path.substr(at, end - at))) return problem;
    at = end + 1;
  }
  return nullptr;
}

Result<std::string> path_part(std::string_view text, std::string_view what) {
  const char* problem = text.find('/') != std::string_view::npos ? "has a slash" : part_problem(text);
  if (text.empty()) problem = "is empty";
  if (text == "." || text == "..") problem = "is no name of a folder";
  if (text.size() > kMaxPathPartBytes) problem = "is longer than 255 bytes";
  if (problem == nullptr) return std::string(text);
  return fail(ErrorCode::kInvalid, std::string(what) + " " + shown_name(text) + " " + problem);
}

Result<std::string> TaskFolder::path() const {
  PORPOISE_TRY(const std::string tenant, path_part(tenant_code.empty() ? "default" : tenant_code, "tenant code"));
  return tenant + "/" + std::to_string(project_code) + "/" + std::to_string(process_define_code) + "_" +
         std::to_string(process_define_version) + "/" + std::to_string(process_instance_id) + "/" +
         std::to_string(task_instance_id);
}

std::string shown_name(std::string_view name) {
  std::string text(cut_utf8(name, kMaxShownBytes));
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return "\"" + text + (text.size() < name.size() ? "…\"" : "\"");
}

}  // namespace porpoise
