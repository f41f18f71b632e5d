// Task logs as replay itself touches them: its own lines for tasks that have no host, and the tail shown to people.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "taskdir/task_log.h"

namespace porpoise {

enum class LogEnd { kOpen, kFinal };  // a final text is followed by the mark that ends every task log

Status append_log(const std::filesystem::path& log, LogLevel level, std::string_view text, LogEnd end);

// What was logged, without the prefixes of the log format. Pure.
std::vector<std::string> plain_log_lines(std::string_view log_text);

// The last `count` of them; empty when the log cannot be read.
std::vector<std::string> log_tail(const std::filesystem::path& log, std::size_t count);

}  // namespace porpoise
