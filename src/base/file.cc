#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace porpoise {
namespace {

Status write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("cannot write " + path.string(), errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("cannot open folder " + folder.string(), errno);
  if (::fsync(fd.get()) != 0) return fail_errno("cannot sync folder " + folder.string(), errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno("cannot open " + path.string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot stat " + path.string(), errno);
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kInvalid, path.string() + " is a folder, not a file");
  return read_descriptor(fd.get(), max_bytes, path.string());
}

Result<std::string> read_descriptor(int fd, std::size_t max_bytes, const std::string& name) {
  std::string content;
  char buffer[65536];
  // Read to EOF instead of trusting st_size: /proc files and pipes report 0.
  while (true) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot read " + name, errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > max_bytes)
      return fail(ErrorCode::kInvalid, name + " is larger than the limit of " + std::to_string(max_bytes) + " bytes");
  }
}

Status write_file(const std::filesystem::path& path, std::string_view content, unsigned mode, Durability durability) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail_errno("cannot create " + temporary.string(), errno);
  PORPOISE_TRY_VOID(write_all(fd.get(), content, temporary));
  if (durability == Durability::kDurable && ::fsync(fd.get()) != 0)
    return fail_errno("cannot sync " + temporary.string(), errno);
  fd.reset();
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail_errno("cannot rename " + temporary.string() + " to " + path.string(), errno);
  if (durability == Durability::kDurable) return sync_folder(path.parent_path());
  return {};
}

}  // namespace porpoise
