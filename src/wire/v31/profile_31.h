// The two halves of the 3.1 profile; for profile_31.cc alone. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace porpoise::wire {

Result<Incoming> decode_31(const Frame& frame, const TimeZone& zone);
Frame encode_31(const Outgoing& message, std::int64_t opaque, const TimeZone& zone);
LogBody log_body_31(LogContent content);
std::string log_piece_31(LogContent content, std::string_view piece);

}  // namespace porpoise::wire
