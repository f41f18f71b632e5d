// A folder of this machine, often of a network file system (`file:///`).
//
// The way down to the base path is the operator's and may have links. Below it are files of tenants, who might put a
// link there that only root can follow, so none is.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/descriptor.h"
#include "resource/storage.h"

namespace porpoise {
namespace {

constexpr std::size_t kReadBytes = 128U << 10U;

class FileStorage final : public Storage {
 public:
  FileStorage(std::string base, UniqueFd folder) : base_(std::move(base)), folder_(std::move(folder)) {}

  std::string place(const std::string& path) const override { return base_ + "/" + path; }

  Status fetch(const std::string& path, const Sink& sink) override {
    PORPOISE_TRY(const UniqueFd file, open_regular_beneath(folder_.get(), path));
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
