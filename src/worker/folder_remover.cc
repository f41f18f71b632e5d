#include "worker/folder_remover.h"

#include <system_error>
#include <utility>

namespace porpoise {
namespace {

// A removal mostly waits for the disk, which takes several at a time.
constexpr BlockingCallLimits kLimits{.threads = 2, .max_hung = 8, .last_wait = std::chrono::milliseconds(1000)};
constexpr std::chrono::minutes kLimit{10};  // of one folder

Status remove_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::remove_all(folder, problem);
  if (problem) return fail_errno("cannot remove " + folder.string(), problem.value());
  return {};
}

}  // namespace

FolderRemover::FolderRemover(boost::asio::io_context& control, std::function<void(const std::string&)> on_problem)
    : on_problem_(std::move(on_problem)), calls_(control, kLimits) {}

void FolderRemover::remove(Result<std::filesystem::path> folder) {
  if (!folder) return on_problem_(folder.error().to_string());
  if (folder->empty()) return;
  calls_.call(
      "the removal of " + folder->string(), kLimit, [folder = *folder] { return remove_folder(folder); },
      [this](const Status& removed) {
        if (!removed) on_problem_(removed.error().to_string() + "; the next start of the worker removes it");
      });
}

}  // namespace porpoise
