#include "worker/folder_remover.h"

#include <boost/asio/post.hpp>
#include <system_error>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kThreads = 2;  // a removal mostly waits for the disk, which takes several at a time
// A disk that falls behind by more must hold up the tasks that make more of them.
constexpr std::size_t kMaxWaiting = 1000;

// Why it cannot be removed; empty when it is gone.
std::string remove_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::remove_all(folder, problem);
  return problem ? "cannot remove " + folder.string() + ": " + problem.message() : "";
}

}  // namespace

FolderRemover::FolderRemover(boost::asio::io_context& control, std::function<void(const std::string&)> on_problem)
    : control_(control), on_problem_(std::move(on_problem)), threads_(kThreads) {}

void FolderRemover::remove(Result<std::filesystem::path> folder) {
  if (!folder) return removed(folder.error().to_string());
  if (folder->empty()) return;
  if (threads_.unfinished() >= kMaxWaiting) return removed(remove_folder(*folder));
  threads_.post([this, folder = *std::move(folder)] {
    std::string problem = remove_folder(folder);
    if (!problem.empty()) boost::asio::post(control_, [this, problem = std::move(problem)] { removed(problem); });
  });
}

void FolderRemover::removed(const std::string& problem) {
  if (!problem.empty()) on_problem_(problem);
}

}  // namespace porpoise
