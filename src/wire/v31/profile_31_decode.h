// What comes in from peers of 3.1: the body of a frame as a neutral message, and a dispatch of which not all can be
// read.
//
// Pure functions; any thread. For profile_31.cc, which encodes what goes out, and for each other.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace porpoise::wire {

// Dates in it are of `zone`. Errors: ErrorCode::kInvalid, with what makes no sense.
Result<Incoming> decode_31(const Frame& frame, const TimeZone& zone);

// A dispatch that is no JSON, or of which only the beginning was kept: who has sent it and which task it is about, so
// that its master can be told why it does not run. A workflow waits for ever for a task of which nobody says anything.
//
// From the text alone, never from inside of one of its strings: there every quote has a backslash before it. `why`
// becomes the defect. Nothing: it does not say both, or says one of them twice and differently; nobody can be told
// then.
std::optional<DispatchTask> read_broken_dispatch(std::string_view body, const Error& why);

}  // namespace porpoise::wire
