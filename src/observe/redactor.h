// Replaces known secrets in text by ****.
//
// A value, immutable after construction; any thread. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace porpoise {

class Redactor {
 public:
  explicit Redactor(std::vector<std::string> secrets);

  // Each stretch of `text` that is covered by secrets, also by several that overlap, becomes one ****.
  std::string apply(std::string_view text) const;

 private:
  std::vector<std::string> secrets_;
};

}  // namespace porpoise
