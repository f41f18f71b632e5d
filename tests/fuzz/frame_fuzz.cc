// First byte: in pieces of how many bytes the rest comes. The pieces must give the frames and the error that the whole
// gives, and what was decoded must survive being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "wire/frame.h"

namespace {

using namespace porpoise::wire;

struct Outcome {
  std::vector<Frame> frames;
  std::string problem;
  bool mid_frame = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(std::string_view bytes, std::size_t step, std::size_t keep = 0) {
  Outcome outcome;
  FrameDecoder decoder(
      {.max_context_bytes = 64, .max_body_bytes = 4096, .kept_of_larger = keep});  // small, so that they are reached
  for (std::size_t at = 0; at < bytes.size() && outcome.problem.empty(); at += step) {
    decoder.feed(bytes.substr(at, step));
    while (true) {
      const auto head = decoder.head();
      auto frame = decoder.next();
      if (!head && frame) std::abort();
      if (frame && *frame && (!*head || (*head)->command != (*frame)->command || (*head)->opaque != (*frame)->opaque))
        std::abort();
      if (!frame && frame.error().message().empty()) std::abort();
      if (!frame) outcome.problem = frame.error().to_string();
      if (!frame || !*frame) break;
      outcome.frames.push_back(std::move(**frame));
    }
  }
  outcome.mid_frame = decoder.mid_frame();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = decode(bytes, bytes.size() + 1);
  if (decode(bytes, step) != whole) std::abort();

  const Outcome cut = decode(bytes, bytes.size() + 1, 100);
  if (decode(bytes, step, 100) != cut) std::abort();
  for (const Frame& frame : cut.frames)
    if (frame.left_out_bytes > 0 && frame.body.size() != 100) std::abort();

  std::string again;
  for (const Frame& frame : whole.frames) again += encode(frame);
  if (decode(again, step) != Outcome{whole.frames, "", false}) std::abort();
  return 0;
}
