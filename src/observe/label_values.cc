#include "observe/label_values.h"

#include <algorithm>

namespace porpoise {
namespace {

constexpr std::size_t kMaxValueBytes = 48;  // the longest name that 3.1 gives to a task type or command is 32

char clean(char c) {
  const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return plain || c == '_' || c == '-' || c == '.' ? c : '_';
}

}  // namespace

std::string LabelValues::admit(std::string_view text) {
  if (text.empty()) return std::string(kOther);
  std::string value(text.substr(0, kMaxValueBytes));
  std::transform(value.begin(), value.end(), value.begin(), clean);

  const std::lock_guard lock(mutex_);
  if (known_.contains(value)) return value;
  if (known_.size() >= max_values_) return std::string(kOther);
  known_.insert(value);
  return value;
}

}  // namespace porpoise
