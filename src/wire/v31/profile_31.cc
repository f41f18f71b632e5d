#include "wire/v31/profile_31.h"

#include <utility>

#include "wire/messages.h"

namespace porpoise::wire {
namespace {

class Profile31 : public Profile {
 public:
  explicit Profile31(TimeZone zone) : zone_(std::move(zone)) {}

  std::string_view name() const override { return "3.1"; }
  Result<Incoming> decode(const Frame& frame) const override { return decode_31(frame, zone_); }
  Frame encode(const Outgoing& message, std::int64_t opaque) const override {
    return encode_31(message, opaque, zone_);
  }
  LogBody log_body(LogContent content) const override { return log_body_31(content); }
  std::string log_piece(LogContent content, std::string_view piece) const override {
    return log_piece_31(content, piece);
  }

 private:
  TimeZone zone_;
};

}  // namespace

std::unique_ptr<Profile> profile_31(TimeZone zone) { return std::make_unique<Profile31>(std::move(zone)); }

}  // namespace porpoise::wire
