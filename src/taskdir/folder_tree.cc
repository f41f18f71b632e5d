#include "taskdir/work_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace porpoise {
namespace {

// A level costs a descriptor; a deeper folder is moved up and removed from there.
constexpr int kMaxDepth = 64;

class TreeRemoval {
 public:
  // `top`: where what is too deep is moved to.
  explicit TreeRemoval(int top) : top_(top) {}

  // The first problem is kept, and the rest removed all the same.
  void remove(int parent, const std::string& name, int depth = 0) {
    if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return;
    const int problem = errno;
    if (problem != EISDIR && problem != EPERM && problem != EACCES) return note(problem);
    if (depth >= kMaxDepth && move_up(parent, name)) return;
    const UniqueFd folder = open_folder(parent, name);
    if (!folder && errno == ENOENT) return;
    if (!folder) return note(errno == ENOTDIR || errno == ELOOP ? problem : errno);
    empty(folder.get(), depth + 1);
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) note(errno);
  }

  void empty(int folder, int depth) {
    for (const std::string& name : names_in(folder)) remove(folder, name, depth);
  }

  void remove_what_was_deep() {
    while (!moved_.empty()) {
      const std::string name = std::move(moved_.back());
      moved_.pop_back();
      remove(top_, name, 1);
    }
  }

  int problem() const { return problem_; }

 private:
  void note(int problem) {
    // The first counts; that a folder is not empty follows from another one.
    if (problem_ == 0 || problem_ == ENOTEMPTY) problem_ = problem;
  }

  bool move_up(int parent, const std::string& name) {
    const std::string up = ".deep-" + std::to_string(::getpid()) + "-" + std::to_string(++count_);
    if (::renameat(parent, name.c_str(), top_, up.c_str()) != 0) return false;
    moved_.push_back(up);
    return true;
  }

  // Without these rights of its owner a folder cannot be emptied.
  UniqueFd open_folder(int parent, const std::string& name) {
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode) &&
        (info.st_mode & S_IRWXU) != S_IRWXU)
      (void)!::fchmodat(parent, name.c_str(), info.st_mode | S_IRWXU, AT_SYMLINK_NOFOLLOW);
    return open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
  }

  std::vector<std::string> names_in(int folder) {
    std::vector<std::string> names;
    const Entries entries = entries_of(folder);
    if (!entries) {
      note(errno);
      return names;
    }
    while (const dirent* const entry = ::readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
  }

  const int top_;
  int problem_ = 0;
  unsigned count_ = 0;
  std::vector<std::string> moved_;
};

}  // namespace

Status remove_tree(int parent, const std::string& name) {
  const UniqueFd top = open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
  if (top) {
    TreeRemoval content(top.get());
    content.empty(top.get(), 1);
    content.remove_what_was_deep();
    if (content.problem() != 0 && content.problem() != ENOTEMPTY)
      return fail_errno("cannot remove " + name, content.problem());
  }
  TreeRemoval rest(parent);
  rest.remove(parent, name);
  rest.remove_what_was_deep();
  if (rest.problem() == 0) return {};
  return fail_errno("cannot remove " + name, rest.problem());
}

void empty_folder(int folder) {
  TreeRemoval removal(folder);
  removal.empty(folder, 1);
  removal.remove_what_was_deep();
}

}  // namespace porpoise
