// How one line of DolphinScheduler writes what wire/messages.h says: the seam for 3.2 and later, which differ in the
// table of commands, the shape of the bodies and the type of dates.
//
// Stateless but for the time zone, which master and worker must share: dates travel without one. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_zone.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace porpoise::wire {

class Profile {
 public:
  virtual ~Profile() = default;

  virtual std::string_view name() const = 0;  // "3.1"

  // Errors (ErrorCode::kInvalid) name the command and the member. They are no reason to close the connection: the frame
  // was whole, only its body makes no sense.
  virtual Result<Incoming> decode(const Frame& frame) const = 0;

  virtual Frame encode(const Outgoing& message, std::int64_t opaque) const = 0;
};

std::unique_ptr<Profile> profile_31(TimeZone zone);

}  // namespace porpoise::wire
