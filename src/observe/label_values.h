// The values one label may take when they come from outside: cleaned, and only so many, since each is a time series
// that somebody has to keep.
//
// Owned by Metrics; any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace porpoise {

class LabelValues {
 public:
  explicit LabelValues(std::size_t max_values) : max_values_(max_values) {}

  // `text` with everything but letters, digits and "_-." as "_", cut at 48 bytes. kOther for an empty text, and for
  // each new one when `max_values` are known.
  std::string admit(std::string_view text);

  static constexpr std::string_view kOther = "other";

 private:
  const std::size_t max_values_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace porpoise
