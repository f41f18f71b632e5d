// A file of the working directory in the making: written under a name of its own, and there under its real name only
// when it is whole.
//
// The directory belongs to the tenant, whose other tasks may put links in our way while we are root: every step down is
// taken from an open folder, and no link is followed. One thread.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise {

class TargetFile {
 public:
  // `target` as resource_target() gives it; its folders are made. Files and folders get the owner of `work_directory`.
  static Result<TargetFile> create(int work_directory, const std::string& target);

  TargetFile(TargetFile&&) = default;
  TargetFile& operator=(TargetFile&&) = delete;
  ~TargetFile();

  Status write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  Status start_again();  // empty, for another try

  // Makes it visible. Nothing that is there already is replaced.
  Status commit();

 private:
  TargetFile(UniqueFd folder, std::string name, UniqueFd file, const struct stat& owner)
      : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)), owner_(owner) {}
  std::string temporary() const;

  UniqueFd folder_;
  std::string name_;
  UniqueFd file_;  // empty: committed, or moved from
  struct stat owner_;
  std::uint64_t size_ = 0;
};

}  // namespace porpoise
