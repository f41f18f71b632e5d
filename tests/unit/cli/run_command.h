// Runs one command of the command line in this process and keeps what it prints.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

namespace porpoise {

struct Outcome {
  int exit_code = 0;
  std::string output;
  std::string errors;
};

inline Outcome run_command(void (*add_command)(CLI::App&, int&), std::vector<std::string> words) {
  Outcome outcome;
  CLI::App app;
  add_command(app, outcome.exit_code);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  app.parse(words);
  outcome.output = ::testing::internal::GetCapturedStdout();
  outcome.errors = ::testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace porpoise
