// A dispatch that is no JSON, or of which only the beginning was kept: who has sent it and which task it is about, so
// that its master can be told why it does not run. A workflow waits for ever for a task of which nobody says anything.
//
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "wire/messages.h"

namespace porpoise::wire {

// From the text alone, never from inside of one of its strings: there every quote has a backslash before it. `why`
// becomes the defect. Nothing: it does not say both, or says one of them twice and differently; nobody can be told
// then.
std::optional<DispatchTask> read_broken_dispatch(std::string_view body, const Error& why);

}  // namespace porpoise::wire
