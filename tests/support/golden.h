// Recorded answers in tests/golden: one JSON object per line. For tests only; a missing file fails the test.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"

namespace porpoise::support {

inline std::vector<Json> read_golden(const std::string& name) {
  std::ifstream file(std::string(PORPOISE_TESTS) + "/golden/" + name);
  EXPECT_TRUE(file) << "no tests/golden/" << name;
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) {
    auto json = parse_json(line);
    EXPECT_TRUE(json) << name << ": " << json.error().to_string();
    if (json) lines.push_back(std::move(*json));
  }
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

}  // namespace porpoise::support
