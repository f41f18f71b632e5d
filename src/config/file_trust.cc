#include "config/file_trust.h"

#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "base/trust.h"

namespace porpoise {

FileTrust judge_files(const ResolvedSettings& settings) {
  FileTrust trust;
  std::vector<std::filesystem::path> files = settings.files;
  std::error_code ignored;
  const std::filesystem::path& sourced = settings.config.env_file;
  if (std::filesystem::exists(sourced, ignored) && std::find(files.begin(), files.end(), sourced) == files.end())
    files.push_back(sourced);
  for (const auto& file : files)
    if (const Status trusted = check_trusted_file(file); !trusted)
      trust.distrusted.push_back("somebody else could change what is run, and as whom, in " + file.string() + ": " +
                                 trusted.error().message());
  for (const auto& [file, key] : settings.secrets) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || (info.st_mode & S_IROTH) == 0) continue;
    trust.exposed.push_back("every user of this machine may read " + key + " in " + file.string() +
                            "; run: chmod o-r '" + file.string() +
                            "', and see that the worker's user or group owns it");
  }
  return trust;
}

}  // namespace porpoise
