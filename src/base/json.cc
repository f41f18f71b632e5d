#include "base/json.h"

#include <algorithm>
#include <charconv>

// For the files that precompiled.h tells not to make their own.
template class nlohmann::basic_json<>;
template class nlohmann::detail::serializer<nlohmann::json>;

namespace porpoise {
namespace {

// The bracket that first opens level `depth` in a text that is JSON up to there: a SAX handler is not told where it is.
std::size_t offset_of_depth(std::string_view text, std::size_t depth) {
  bool in_string = false;
  for (std::size_t i = 0, level = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string && text[i] == '\\') ++i;
    if (in_string) continue;
    if (text[i] == '}' || text[i] == ']') --level;
    if ((text[i] == '{' || text[i] == '[') && ++level == depth) return i;
  }
  return 0;
}

// Feeds nlohmann's DOM builder, but refuses to go beyond a limit before anything is allocated for it.
class CappedBuilder : public nlohmann::detail::json_sax_dom_parser<Json> {
  using Builder = nlohmann::detail::json_sax_dom_parser<Json>;

 public:
  CappedBuilder(Json& target, std::string_view text, const JsonLimits& limits)
      : Builder(target, false), text_(text), limits_(limits) {}

  bool null() { return count() && Builder::null(); }
  bool boolean(bool value) { return count() && Builder::boolean(value); }
  bool number_integer(Json::number_integer_t value) { return count() && Builder::number_integer(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return count() && Builder::number_unsigned(value); }
  bool number_float(Json::number_float_t value, const std::string& text) {
    return count() && Builder::number_float(value, text);
  }
  bool string(std::string& value) { return count() && Builder::string(value); }
  bool start_object(std::size_t size) { return count() && enter() && Builder::start_object(size); }
  bool start_array(std::size_t size) { return count() && enter() && Builder::start_array(size); }
  bool end_object() { return leave() && Builder::end_object(); }
  bool end_array() { return leave() && Builder::end_array(); }
  bool parse_error(std::size_t offset, const std::string& /*last_token*/, const Json::exception& error) {
    // what() reads "[json.exception.parse_error.101] parse error at line 1, column 2: <reason>", or
    // "[json.exception.out_of_range.406] number overflow parsing '1e400'".
    std::string_view reason = error.what();
    for (const std::string_view before : {"] ", ": "})
      if (const auto end = reason.find(before); end != std::string_view::npos) reason.remove_prefix(end + before.size());
    problem_ = describe_position(text_, offset == 0 ? 0 : offset - 1) + ": " + std::string(reason);
    return false;
  }

  const std::string& problem() const { return problem_; }

 private:
  bool count() {
    if (++values_ <= limits_.max_values) return true;
    problem_ = "more than " + std::to_string(limits_.max_values) + " values";
    return false;
  }
  bool enter() {
    if (++depth_ <= limits_.max_depth) return true;
    problem_ = describe_position(text_, offset_of_depth(text_, depth_)) + ": nested deeper than " +
               std::to_string(limits_.max_depth) + " levels";
    return false;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::string problem_;
};

// A cursor over JSON that parse_json has accepted, so it needs no error paths beyond "end of text".
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t offset() {
    while (at_ < text_.size() && std::string_view(" \t\r\n,:").find(text_[at_]) != std::string_view::npos) ++at_;
    return at_;
  }
  char peek() { return offset() < text_.size() ? text_[at_] : '\0'; }
  void step() { ++at_; }

  // Skips one value; strings are the only place where brackets do not count.
  void skip_value() {
    std::size_t depth = 0;
    do {
      const char next = peek();
      if (next == '\0') return;
      if (next == '"') {
        skip_string();
      } else if (next == '{' || next == '[') {
        ++depth;
        step();
      } else if (next == '}' || next == ']') {
        if (depth > 0) --depth;
        step();
      } else {
        skip_scalar();
      }
    } while (depth > 0);
  }

  std::string_view skip_string() {
    const std::size_t begin = offset();
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_scalar() {
    while (at_ < text_.size() && std::string_view(" \t\r\n,:]}").find(text_[at_]) == std::string_view::npos) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool enter_member(Scanner& scanner, const std::string& key) {
  if (scanner.peek() != '{') return false;
  scanner.step();
  while (scanner.peek() == '"') {
    const Json name = Json::parse(scanner.skip_string(), nullptr, false);
    if (name.is_string() && name.get_ref<const std::string&>() == key) return true;
    scanner.skip_value();
  }
  return false;
}

bool enter_element(Scanner& scanner, const std::string& token) {
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  if (std::from_chars(token.data(), end, index).ptr != end || scanner.peek() != '[') return false;
  scanner.step();
  for (; index > 0; --index) {
    if (scanner.peek() == ']' || scanner.peek() == '\0') return false;
    scanner.skip_value();
  }
  return scanner.peek() != ']' && scanner.peek() != '\0';
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::kInvalid,
                "JSON text is larger than the limit of " + std::to_string(limits.max_bytes) + " bytes");
  Json root;
  CappedBuilder builder(root, text, limits);
  if (!Json::sax_parse(text, &builder))
    return fail(ErrorCode::kInvalid, builder.problem().empty() ? "not JSON" : builder.problem());
  return root;
}

Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line_start = before.rfind('\n');
  return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start};
}

std::string describe_position(std::string_view text, std::size_t offset) {
  const Position position = position_of(text, offset);
  return "line " + std::to_string(position.line) + ", column " + std::to_string(position.column);
}

std::size_t locate_pointer(std::string_view text, const Json::json_pointer& pointer) {
  Scanner scanner(text);
  std::vector<std::string> tokens;
  for (Json::json_pointer rest = pointer; !rest.empty(); rest.pop_back()) tokens.push_back(rest.back());
  std::reverse(tokens.begin(), tokens.end());
  for (const std::string& token : tokens) {
    const bool found = scanner.peek() == '[' ? enter_element(scanner, token) : enter_member(scanner, token);
    if (!found) return 0;
  }
  return scanner.offset();
}

std::string dump_json(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string dump_json(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string string_or(const Json& object, std::string_view key, std::string_view fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string(fallback);
}

std::int64_t integer_or(const Json& object, std::string_view key, std::int64_t fallback) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return fallback;
  const bool fits = !found->is_number_unsigned() || found->get<std::uint64_t>() <= INT64_MAX;
  return fits ? found->get<std::int64_t>() : fallback;
}

bool bool_or(const Json& object, std::string_view key, bool fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

}  // namespace porpoise
