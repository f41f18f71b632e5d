#include "config/placeholder.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxNesting = 16;  // of values within values: more is a value that needs itself
constexpr std::size_t kMaxSteps = 1000;  // placeholders of one value: they can multiply at each level
constexpr std::size_t kMaxExpandedBytes = 32U << 10U;

// The offset of the '}' that ends what begins at `from`; braces within are counted. npos: there is none.
std::size_t end_of(std::string_view text, std::size_t from) {
  std::size_t open = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '{') ++open;
    if (text[i] == '}' && open-- == 0) return i;
  }
  return std::string_view::npos;
}

class PlaceholderResolver {
 public:
  explicit PlaceholderResolver(const PlaceholderLookup& lookup) : lookup_(lookup) {}

  Result<std::string> resolve(std::string_view text, std::size_t depth) {
    if (depth > kMaxNesting) return fail(ErrorCode::kInvalid, "placeholders that need themselves");
    std::string result;
    while (true) {
      const std::size_t begin = text.find("${");
      const std::size_t end = begin == std::string_view::npos ? begin : end_of(text, begin + 2);
      if (end == std::string_view::npos) break;
      result += text.substr(0, begin);
      PORPOISE_TRY(const std::string value, value_of(text.substr(begin + 2, end - begin - 2), depth));
      result += value;
      if (result.size() > kMaxExpandedBytes) return fail(ErrorCode::kInvalid, "placeholders that become too long");
      text.remove_prefix(end + 1);
    }
    return result.append(text);
  }

 private:
  Result<std::string> value_of(std::string_view inner, std::size_t depth) {
    if (++steps_ > kMaxSteps)
      return fail(ErrorCode::kInvalid, "more than " + std::to_string(kMaxSteps) + " placeholders");
    PORPOISE_TRY(const std::string name, resolve(inner, depth + 1));
    if (const auto found = lookup_(name)) return resolve(*found, depth + 1);
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos) return fail(ErrorCode::kInvalid, "placeholder ${" + name + "} has no value");
    if (const auto found = lookup_(std::string_view(name).substr(0, colon))) return resolve(*found, depth + 1);
    return name.substr(colon + 1);
  }

  const PlaceholderLookup& lookup_;
  std::size_t steps_ = 0;
};

}  // namespace

Result<std::string> resolve_placeholders(std::string_view text, const PlaceholderLookup& lookup) {
  return PlaceholderResolver(lookup).resolve(text, 0);
}

}  // namespace porpoise
