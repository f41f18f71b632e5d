// A folder of task logs that is gone after the test, and the log viewer of 3.1.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace porpoise {

class LogFiles : public testing::Test {
 protected:
  LogFiles() {
    char name[] = "/tmp/porpoise-test-XXXXXX";
    folder_ = std::filesystem::canonical(::mkdtemp(name));
    std::filesystem::create_directories(root() / "20230420");
  }
  ~LogFiles() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path root() const { return folder_ / "logs"; }
  std::filesystem::path log() const { return root() / "20230420/7_1-2-3.log"; }

  static void write(const std::filesystem::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  static void append(const std::filesystem::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::app) << content;
  }
  // An open file with this content.
  UniqueFd file(std::string_view content) const {
    write(log(), content);
    return UniqueFd(::open(log().c_str(), O_RDONLY | O_CLOEXEC));
  }

  std::filesystem::path folder_;
};

// What Java's text.split("\r\n") gives.
inline std::vector<std::string> java_split(std::string_view text) {
  std::vector<std::string> parts;
  if (text.empty()) return {""};
  for (std::size_t end = 0; (end = text.find("\r\n")) != std::string_view::npos; text.remove_prefix(end + 2))
    parts.emplace_back(text.substr(0, end));
  parts.emplace_back(text);
  while (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

struct Viewed {
  std::string text;
  int pages = 0;
  bool ended = false;
};

// The log view of the UI and of the API server behind it (3.1.5 `batch-task.tsx`, `LoggerServiceImpl.queryLog`).
inline Viewed view(const std::function<std::string(std::int64_t skip, std::int64_t limit)>& page,
                   int max_pages = 20000) {
  const std::string head = "[LOG-PATH]: x, [HOST]:  y\n";
  Viewed viewed;
  std::int64_t skip = 0;
  for (std::int64_t limit = 1000; viewed.pages < max_pages; limit += 1000) {
    const std::string message = (skip == 0 ? head : "") + page(skip, limit);
    viewed.ended = message.empty();
    if (viewed.ended) break;
    ++viewed.pages;
    viewed.text += message;
    skip += static_cast<std::int64_t>(java_split(message).size());
  }
  if (viewed.text.starts_with(head)) viewed.text.erase(0, head.size());
  return viewed;
}

}  // namespace porpoise
