// A folder of this machine, often of a network file system (`file:///`).
//
// The way down to the base path is the operator's and may have links. Below it are files of tenants, who might put a
// link there that only root can follow, so none is.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/descriptor.h"
#include "resource/storage.h"

namespace porpoise {
namespace {

constexpr std::size_t kReadBytes = 128U << 10U;

Error open_error(int problem) {
  switch (problem) {
    case ENOENT: return {ErrorCode::kNotFound, "there is no such file"};
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
      return {ErrorCode::kDenied,
              "a symbolic link or a file leads away there, which is not followed below the base path"};
    default: return errno_error("cannot open it", problem);
  }
}

class FileStorage final : public Storage {
 public:
  FileStorage(std::string base, UniqueFd folder) : base_(std::move(base)), folder_(std::move(folder)) {}

  std::string place(const std::string& path) const override { return base_ + "/" + path; }

  Status fetch(const std::string& path, const Sink& sink) override {
    PORPOISE_TRY(const UniqueFd file, open_file(path));
    const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
    while (true) {
      const ssize_t count = ::read(file.get(), buffer.get(), kReadBytes);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail_errno("cannot read it", errno);
      if (count == 0) return {};
      PORPOISE_TRY_VOID(sink({buffer.get(), static_cast<std::size_t>(count)}));
    }
  }

 private:
  Result<UniqueFd> open_file(const std::string& path) const {
    PORPOISE_TRY(const Below below, descend(folder_.get(), path, [](int folder, const std::string& name) {
                   return step(folder, name, O_PATH | O_DIRECTORY);
                 }));
    // O_NONBLOCK: a FIFO must not make us wait for its writer before we have seen what it is.
    PORPOISE_TRY(UniqueFd file, step(below.folder.get(), below.name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return fail_errno("cannot look at it", errno);
    if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kInvalid, "it is a folder; name its files one by one");
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInvalid, "it is no regular file");
    return file;
  }

  static Result<UniqueFd> step(int folder, const std::string& name, int flags) {
    UniqueFd opened = open_beneath(folder, name, flags);
    if (!opened) return fail(open_error(errno));
    return opened;
  }

  const std::string base_;
  const UniqueFd folder_;
};

}  // namespace

Result<std::unique_ptr<Storage>> open_file_storage(const ResourceStorage& storage) {
  constexpr std::string_view kScheme = "file://";
  if (!storage.url.starts_with("file:///")) return fail(ErrorCode::kInvalid, "resources.url must be file:///FOLDER");
  std::string base = storage.url.substr(kScheme.size());
  while (base.ends_with('/')) base.pop_back();
  if (storage.base_path != "/") base += storage.base_path;
  UniqueFd folder(::open((base + "/").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder)
    return fail_errno(
        "cannot open " + base + "/, the folder of the resource centre (resources.url, resources.base-path)", errno);
  return std::make_unique<FileStorage>(std::move(base), std::move(folder));
}

}  // namespace porpoise
