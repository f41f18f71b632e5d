// A folder of a test, gone with everything in it at the end. Owned by whoever needs one.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace porpoise::support {

class TempFolder {
 public:
  // `kind` is a part of its name, for people who look into /tmp.
  explicit TempFolder(const std::string& kind) {
    std::string name = (std::filesystem::temp_directory_path() / ("porpoise-" + kind + "-XXXXXX")).native();
    if (::mkdtemp(name.data()) != nullptr)
      path_ = name;
    else
      problem_ = "cannot make a folder " + name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }  // empty when it could not be made
  const std::string& problem() const { return problem_; }

 private:
  std::filesystem::path path_;
  std::string problem_;
};

}  // namespace porpoise::support
