#include "doctor/bundle.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "base/file.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxListed = 5000;
constexpr std::size_t kMaxPartBytes = 1U << 20U;

void put(std::string& header, std::size_t at, std::string_view text) { header.replace(at, text.size(), text); }

std::string octal(std::uint64_t number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(number));
  return text;
}

std::string header_of(const BundleFile& file, std::int64_t now_ms) {
  std::string header(kBlock, '\0');
  put(header, 0, std::string_view(file.name).substr(0, 99));
  put(header, 100, "0000600");
  put(header, 108, "0000000");
  put(header, 116, "0000000");
  put(header, 124, octal(file.content.size(), 11));
  put(header, 136, octal(static_cast<std::uint64_t>(now_ms / 1000), 11));
  put(header, 148, "        ");  // the checksum counts as blanks
  put(header, 156, "0");
  put(header, 257, std::string_view("ustar\00000", 8));
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

// A file of /proc has no size, so it is cut, not refused.
std::string content_of(const char* file) {
  std::string text = "\n== " + std::string(file) + "\n";
  std::FILE* const stream = std::fopen(file, "re");
  if (stream == nullptr) return text + "(cannot be read)\n";
  char buffer[4096];
  for (std::size_t count = 0;
       text.size() < kMaxPartBytes && (count = std::fread(buffer, 1, sizeof buffer, stream)) > 0;)
    text.append(buffer, count);
  (void)std::fclose(stream);
  return text;
}

}  // namespace

std::string to_tar(const std::vector<BundleFile>& files, std::int64_t now_ms) {
  std::string tar;
  for (const BundleFile& file : files) {
    tar += header_of(file, now_ms) + file.content;
    tar.append((kBlock - file.content.size() % kBlock) % kBlock, '\0');
  }
  return tar.append(2 * kBlock, '\0');
}

Status write_bundle(const fs::path& file, const std::vector<BundleFile>& files, std::int64_t now_ms) {
  return write_file(file, to_tar(files, now_ms), 0600, Durability::kAtomic);
}

std::string describe_system() {
  utsname kernel{};
  ::uname(&kernel);
  std::string text = "porpoise " PORPOISE_VERSION "\n" + std::string(kernel.sysname) + " " + kernel.release + " " +
                     kernel.version + " " + kernel.machine + "\n";
  for (const char* const file : {"/etc/os-release", "/proc/self/limits", "/proc/self/mountinfo", "/proc/self/cgroup",
                                 "/proc/meminfo", "/proc/loadavg"})
    text += content_of(file);
  return text;
}

std::string list_task_files(const fs::path& data_dir) {
  std::string text;
  std::size_t listed = 0;
  std::error_code problem;
  const fs::path root = data_dir / "tasks";
  for (fs::recursive_directory_iterator entry(root, problem), end; !problem && entry != end; entry.increment(problem)) {
    if (++listed > kMaxListed) return text + "…\n";
    std::error_code ignored;
    const std::uintmax_t size = entry->is_regular_file(ignored) ? entry->file_size(ignored) : 0;
    text += std::to_string(size) + "\t" + entry->path().lexically_relative(root).string() + "\n";
  }
  if (problem) text += root.string() + ": " + problem.message() + "\n";
  return text;
}

}  // namespace porpoise
