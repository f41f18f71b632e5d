// The frames in tests/golden/frames. For tests only; a missing file fails the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "wire/frame.h"

namespace porpoise::wire {

struct Recording {
  std::string name;  // "04-client-to-master-TASK_EXECUTE_RESULT-status7"
  std::string bytes;
};

inline std::vector<Recording> recordings() {
  std::vector<Recording> all;
  for (const auto& entry : std::filesystem::directory_iterator(PORPOISE_TESTS "/golden/frames")) {
    if (entry.path().extension() != ".bin") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all.push_back({entry.path().stem(), {std::istreambuf_iterator<char>(file), {}}});
  }
  EXPECT_EQ(all.size(), 37U);
  std::sort(all.begin(), all.end(), [](const Recording& a, const Recording& b) { return a.name < b.name; });
  return all;
}

// Every frame of a stream that comes in pieces of `step` bytes.
inline std::vector<Frame> decode_all(std::string_view bytes, std::size_t step) {
  FrameDecoder decoder;
  std::vector<Frame> frames;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    decoder.feed(bytes.substr(at, step));
    while (true) {
      auto frame = decoder.next();
      EXPECT_TRUE(frame) << frame.error().to_string();
      if (!frame || !*frame) break;
      frames.push_back(std::move(**frame));
    }
  }
  EXPECT_FALSE(decoder.mid_frame());
  return frames;
}

// The frame of one recording, by the two digits its name begins with.
inline Frame recorded_frame(std::string_view number) {
  for (const Recording& recording : recordings()) {
    if (recording.name.substr(0, 2) != number) continue;
    auto frames = decode_all(recording.bytes, recording.bytes.size());
    EXPECT_EQ(frames.size(), 1U) << recording.name;
    return frames.empty() ? Frame{} : frames[0];
  }
  ADD_FAILURE() << "no recording " << number;
  return {};
}

}  // namespace porpoise::wire
