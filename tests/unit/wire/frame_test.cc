#include "wire/frame.h"

#include <gtest/gtest.h>
#include <time.h>

#include <chrono>
#include <limits>

#include "unit/wire/allocations.h"
#include "unit/wire/recordings.h"

namespace porpoise::wire {
namespace {

std::string big_endian(std::int64_t value, int width) {
  std::string bytes;
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string start(unsigned magic = 0xBE, unsigned version = 0, unsigned type = 18) {
  return {static_cast<char>(magic), static_cast<char>(version), static_cast<char>(type)};
}

std::string raw_frame(const std::string& context, const std::string& body) {
  return start() + big_endian(7, 8) + big_endian(static_cast<std::int64_t>(context.size()), 4) + context +
         big_endian(static_cast<std::int64_t>(body.size()), 4) + body;
}

// The error of a decoder that got these bytes.
std::string refusal(const std::string& bytes, FrameLimits limits = {}) {
  FrameDecoder decoder(limits);
  decoder.feed(bytes);
  const auto frame = decoder.next();
  return frame ? "" : frame.error().to_string();
}

TEST(Frame, IsWrittenAsTheWorkedExampleOf31) {
  const std::string bytes = encode({Command::kTaskKillRequest, 7, R"({"taskInstanceId":42})"});
  EXPECT_EQ(bytes, start() + big_endian(7, 8) + big_endian(12, 4) + R"({"items":{}})" + big_endian(21, 4) +
                       R"({"taskInstanceId":42})");
}

TEST(Frame, KeepsTheWholeRangeOfOpaqueNumbers) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t opaque : {Limits::min(), std::int64_t{-1}, std::int64_t{0}, Limits::max()}) {
    const Frame frame{Command::kPing, opaque, std::string("\0\xFF", 2)};
    EXPECT_EQ(decode_all(encode(frame), 1), std::vector{frame});
  }
}

TEST(Frame, EveryRecordedOneIsWrittenAgainByteForByte) {
  for (const Recording& recording : recordings()) {
    const auto frames = decode_all(recording.bytes, recording.bytes.size());
    ASSERT_EQ(frames.size(), 1U) << recording.name;
    EXPECT_EQ(encode(frames[0]), recording.bytes) << recording.name;
    EXPECT_NE(recording.name.find(name_of(frames[0].command)), std::string::npos) << recording.name;
  }
}

TEST(Frame, CommandsHaveTheirNamesOf31) {
  EXPECT_EQ(name_of(Command::kGetAppIdRequest), "GET_APP_ID_REQUEST");
  EXPECT_EQ(name_of(Command::kRemoveTaskLogRequest), "REMOVE_TAK_LOG_REQUEST");
  EXPECT_EQ(name_of(Command::kProcessHostUpdateRequest), "PROCESS_HOST_UPDATE_REQUEST");
  EXPECT_EQ(name_of(Command::kLast), "WORKFLOW_EXECUTING_DATA_RESPONSE");
  EXPECT_EQ(name_of(static_cast<Command>(37)), "UNKNOWN");
  EXPECT_EQ(name_of(static_cast<Command>(255)), "UNKNOWN");
}

TEST(FrameDecoder, TakesAFrameThatIsSplitAtAnyByte) {
  for (const Recording& recording : recordings()) {
    const auto whole = decode_all(recording.bytes, recording.bytes.size());
    for (std::size_t split = 1; split < recording.bytes.size(); ++split) {
      FrameDecoder decoder;
      decoder.feed(std::string_view(recording.bytes).substr(0, split));
      const auto early = decoder.next();
      ASSERT_TRUE(early && !*early) << recording.name << " at " << split;
      ASSERT_TRUE(decoder.mid_frame()) << recording.name << " at " << split;
      decoder.feed(std::string_view(recording.bytes).substr(split));
      const auto frame = decoder.next();
      ASSERT_TRUE(frame && *frame) << recording.name << " at " << split;
      ASSERT_EQ(**frame, whole[0]) << recording.name << " at " << split;
      ASSERT_FALSE(decoder.mid_frame()) << recording.name << " at " << split;
    }
  }
}

TEST(FrameDecoder, TakesFramesThatComeTogetherOrInAnyPieces) {
  std::string stream;
  std::vector<Frame> frames;
  for (const Recording& recording : recordings()) {
    stream += recording.bytes;
    frames.push_back(decode_all(recording.bytes, recording.bytes.size())[0]);
  }
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{13}, std::size_t{1000}, stream.size()})
    EXPECT_EQ(decode_all(stream, step), frames) << step;
}

TEST(FrameDecoder, HasNothingToGiveBeforeTheFirstByte) {
  FrameDecoder decoder;
  EXPECT_FALSE(decoder.mid_frame());
  const auto frame = decoder.next();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(*frame);
}

TEST(FrameDecoder, AWholeFrameThatWaitsWithTheBeginningOfTheNextIsGivenOut) {
  const std::string bytes = encode({Command::kPing, 1, ""});
  FrameDecoder decoder;
  decoder.feed(bytes + bytes.substr(0, 5));
  ASSERT_TRUE(decoder.next().value());
  EXPECT_TRUE(decoder.mid_frame());
  EXPECT_FALSE(decoder.next().value());
  decoder.feed(bytes.substr(5));
  EXPECT_TRUE(decoder.next().value());
  EXPECT_FALSE(decoder.mid_frame());
}

TEST(FrameDecoder, TakesAnEmptyContextAndDoesNotLookIntoOthers) {
  for (const char* const context : {"", "{}", R"({"items":{"trace":"x"}})", "not JSON"})
    EXPECT_EQ(decode_all(raw_frame(context, "b"), 1), (std::vector{Frame{Command::kTaskKillRequest, 7, "b"}}));
}

TEST(FrameDecoder, NamesTheByteThatIsWrongAndItsOffsetAsSoonAsItIsThere) {
  EXPECT_EQ(refusal("\x16"), "byte 0x16 at offset 0 of the frame is not the magic 0xBE");
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n"), "byte 0x47 at offset 0 of the frame is not the magic 0xBE");
  EXPECT_EQ(refusal("\xBE\x01"), "byte 0x01 at offset 1 of the frame is not the version 0x00");
  EXPECT_EQ(refusal(start(0xBE, 0, 37)), "byte 0x25 at offset 2 of the frame is no command type of 3.1");
  EXPECT_EQ(refusal(start(0xBE, 0, 255)), "byte 0xFF at offset 2 of the frame is no command type of 3.1");
  EXPECT_EQ(refusal(start(0xBE, 0, 36)), "");
}

TEST(FrameDecoder, NamesTheByteInItsOwnFrame) {
  FrameDecoder decoder;
  decoder.feed(encode({Command::kPing, 1, ""}) + "\xBE\x07");
  EXPECT_TRUE(decoder.next().value());
  EXPECT_EQ(decoder.next().error().to_string(), "byte 0x07 at offset 1 of the frame is not the version 0x00");
}

TEST(FrameDecoder, KnowsTheHeadBeforeTheBodyAndTakesOtherLimitsForIt) {
  FrameDecoder decoder({.max_body_bytes = 1000});
  const std::string bytes = encode({Command::kTaskDispatchRequest, 7, std::string(101, 'x')});
  decoder.feed(std::string_view(bytes).substr(0, 10));
  EXPECT_FALSE(decoder.head().value().has_value());
  decoder.feed(std::string_view(bytes).substr(10, 1));
  const auto head = decoder.head().value();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->command, Command::kTaskDispatchRequest);
  EXPECT_EQ(head->opaque, 7);
  decoder.limit({.max_body_bytes = 100});
  decoder.feed(std::string_view(bytes).substr(11, 50));
  EXPECT_FALSE(decoder.next());
  EXPECT_FALSE(decoder.head()) << "the error is final";
}

TEST(FrameDecoder, RefusesLengthsThatAreNegativeOrAboveTheLimit) {
  const std::string head = start() + big_endian(7, 8);
  const std::string to_body = head + big_endian(12, 4) + R"({"items":{}})";
  EXPECT_EQ(refusal(head + big_endian(-1, 4)), "context length -1 at offset 11 of the frame is negative");
  EXPECT_EQ(refusal(head + "\x80" + big_endian(0, 3)),
            "context length -2147483648 at offset 11 of the frame is negative");
  EXPECT_EQ(refusal(head + big_endian(65537, 4)),
            "context length 65537 at offset 11 of the frame is above the limit of 65536");
  EXPECT_EQ(refusal(head + big_endian(65536, 4)), "");
  EXPECT_EQ(refusal(to_body + big_endian(-2, 4)), "body length -2 at offset 27 of the frame is negative");
  EXPECT_EQ(refusal(to_body + big_endian(0x7FFFFFFF, 4)),
            "body length 2147483647 at offset 27 of the frame is above the limit of 16777216");
  EXPECT_EQ(refusal(to_body + big_endian(16777216, 4)), "");
  EXPECT_EQ(refusal(to_body + big_endian(11, 4), {.max_body_bytes = 10}),
            "body length 11 at offset 27 of the frame is above the limit of 10");
}

TEST(FrameDecoder, ALengthThatIsOnlyClaimedCostsNothing) {
  const std::string head = start() + big_endian(7, 8);
  const std::string to_body = head + big_endian(12, 4) + R"({"items":{}})";
  for (const std::string& bytes :
       {head + big_endian(65536, 4), head + big_endian(0x7FFFFFFF, 4), head + big_endian(-1, 4),
        to_body + big_endian(16777216, 4), to_body + big_endian(0x7FFFFFFF, 4), to_body + big_endian(-1, 4)}) {
    largest_allocation = 0;
    FrameDecoder decoder;
    decoder.feed(bytes);
    static_cast<void>(decoder.next());
    EXPECT_LT(largest_allocation, 1024U);
  }
}

// The connection ended, and other dispatches with it.
TEST(FrameDecoder, OfALargerBodyOnlyItsBeginningIsKeptAndTheNextFrameIsRead) {
  const std::string large(5000, 'x');
  const std::string bytes = encode({Command::kTaskDispatchRequest, 7, large}) + encode({Command::kPing, 8, ""});
  for (const std::size_t step : {std::size_t{1}, std::size_t{100}, std::size_t{4097}, bytes.size()}) {
    FrameDecoder decoder({.max_body_bytes = 4096, .kept_of_larger = 100});
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      decoder.feed(std::string_view(bytes).substr(at, step));
      EXPECT_LT(decoder.held_bytes(), 200U + step);
      while (auto frame = decoder.next().value()) frames.push_back(*std::move(frame));
    }
    ASSERT_EQ(frames.size(), 2U) << step;
    EXPECT_EQ(frames[0], (Frame{Command::kTaskDispatchRequest, 7, std::string(100, 'x'), 4900})) << step;
    EXPECT_EQ(frames[1], (Frame{Command::kPing, 8, ""})) << step;
    EXPECT_FALSE(decoder.mid_frame());
  }
}

TEST(FrameDecoder, IsInTheMidstOfAFrameWhileTheRestOfALargeBodyComes) {
  FrameDecoder decoder({.max_body_bytes = 4096, .kept_of_larger = 100});
  decoder.feed(encode({Command::kTaskDispatchRequest, 7, std::string(5000, 'x')}).substr(0, 1000));
  EXPECT_TRUE(decoder.next().value());
  EXPECT_TRUE(decoder.mid_frame());
  EXPECT_EQ(decoder.held_bytes(), 0U);
}

TEST(FrameDecoder, AnErrorIsFinal) {
  FrameDecoder decoder;
  decoder.feed("x");
  const std::string why = decoder.next().error().to_string();
  EXPECT_FALSE(decoder.mid_frame());
  largest_allocation = 0;
  decoder.feed(std::string(1, '\xBE') + encode({Command::kPing, 1, std::string(100, ' ')}));
  EXPECT_LT(largest_allocation, 1024U);
  EXPECT_FALSE(decoder.mid_frame());
  EXPECT_EQ(decoder.next().error().to_string(), why);
}

// Both would take minutes if bytes were moved for each frame, or read again for each byte. Time of this thread alone: a
// busy machine changes nothing.
TEST(FrameDecoder, TakesTimeInProportionToTheBytes) {
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec);
  };
  const auto began = used();
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += encode({Command::kHeartBeat, i, "heart_beat"});
  EXPECT_EQ(decode_all(many, many.size()).size(), 100'000U);
  EXPECT_EQ(decode_all(encode({Command::kTaskDispatchRequest, 1, std::string(1U << 20U, ' ')}), 1).size(), 1U);
  EXPECT_LT(used() - began, std::chrono::seconds(20));
}

}  // namespace
}  // namespace porpoise::wire
