#include "model/parameter_resolution.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "model/date_time.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxDepth = 64;             // parameters that refer to parameters
constexpr std::size_t kMaxReplacements = 100000;  // bounds the time of one call; far above what a script has
constexpr std::size_t kMaxWorkBytes =
    64U << 20U;                              // read or written in one call: bounds its memory; an OUT value has 16 MiB
constexpr std::size_t kMaxQuotedBytes = 60;  // of the input, in an error message

std::string shortened(std::string_view text) {
  if (text.size() <= kMaxQuotedBytes) return std::string(text);
  return std::string(cut_utf8(text, kMaxQuotedBytes)) + "...";
}

// A stretch of the expanded text and where it came from.
struct Piece {
  std::size_t begin;   // in the expanded text
  std::size_t origin;  // in the given text
  bool copied;         // else it replaced a placeholder, whose position is `origin`
};

// One pass over `${…}` (3.1 `PropertyPlaceholderHelper`).
class NameExpander {
 public:
  NameExpander(std::string_view text, const ParameterValues& values) : text_(text), values_(values) {}

  Result<std::string> run() { return scan(text_); }

  // "at line L, column C" of the given text, for an offset in the expanded one.
  std::string describe(std::size_t offset) const {
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                        [](std::size_t at, const Piece& piece) { return at < piece.begin; });
    if (after == pieces_.begin()) return "at " + describe_position(text_, offset);
    const Piece& piece = *(after - 1);
    if (piece.copied) return "at " + describe_position(text_, piece.origin + offset - piece.begin);
    return "in the value put in at " + describe_position(text_, piece.origin);
  }

 private:
  // Copies `text` with its placeholders replaced; the pieces are noted for the outermost text only.
  Result<std::string> scan(std::string_view text) {
    PORPOISE_TRY_VOID(charge(text.size()));
    std::string out;
    for (std::size_t at = 0;;) {
      const std::size_t begin = text.find("${", at);
      const std::size_t end = begin == std::string_view::npos ? begin : end_of_name(text, begin + 2);
      note({out.size(), at, true});
      if (end == std::string_view::npos) return out.append(text.substr(at));
      out.append(text.substr(at, begin - at));
      note({out.size(), begin, false});
      PORPOISE_TRY(const auto value, resolve(text.substr(begin + 2, end - begin - 2)));
      // An unknown name stays, with everything that is inside it.
      out.append(value ? std::string_view(*value) : text.substr(begin, end + 1 - begin));
      at = end + 1;
    }
  }

  Result<std::optional<std::string>> resolve(std::string_view name) {
    PORPOISE_TRY_VOID(enter(name));
    PORPOISE_TRY(const std::string key, scan(name));
    std::optional<std::string> value;
    if (const auto found = values_.find(key); found != values_.end()) {
      PORPOISE_TRY(value, scan(found->second));
    }
    chain_.pop_back();
    return value;
  }

  Status enter(std::string_view name) {
    if (std::find(chain_.begin(), chain_.end(), name) != chain_.end())
      return refuse("circular reference " + chain_text() + " -> ${" + shortened(name) + "}");
    if (chain_.size() == kMaxDepth)
      return refuse("references nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (++replacements_ > kMaxReplacements)
      return refuse("placeholders expand to more than " + std::to_string(kMaxReplacements) + " others");
    chain_.push_back(name);
    return {};
  }

  Status charge(std::size_t bytes) {
    work_bytes_ += bytes;
    if (work_bytes_ <= kMaxWorkBytes) return {};
    return refuse("placeholders expand to more than " + std::to_string(kMaxWorkBytes) + " bytes");
  }

  tl::unexpected<Error> refuse(const std::string& reason) const {
    const std::size_t place = pieces_.empty() ? 0 : pieces_.back().origin;
    return fail(ErrorCode::kInvalid, reason + " at " + describe_position(text_, place));
  }

  std::string chain_text() const {
    std::string text;
    for (const std::string_view name : chain_) text += (text.empty() ? "${" : " -> ${") + shortened(name) + "}";
    return text;
  }

  void note(const Piece& piece) {
    if (chain_.empty()) pieces_.push_back(piece);
  }

  static std::size_t end_of_name(std::string_view text, std::size_t at) {
    std::size_t open = 0;
    for (; at < text.size(); ++at) {
      if (text[at] == '{') ++open;
      if (text[at] != '}') continue;
      if (open == 0) return at;
      --open;
    }
    return std::string_view::npos;
  }

  std::string_view text_;
  const ParameterValues& values_;
  std::vector<std::string_view> chain_;  // names being resolved, outermost first
  std::vector<Piece> pieces_;
  std::size_t replacements_ = 0;
  std::size_t work_bytes_ = 0;
};

bool is_single_digit(std::string_view inner) { return inner.size() == 1 && inner[0] >= '0' && inner[0] <= '9'; }

// 3.1 puts the text of a time in by Java's Matcher.appendReplacement, where a backslash makes the next character one of
// the text.
Result<std::string> without_backslashes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && ++i == text.size())
      return fail(ErrorCode::kInvalid, "the backslash at its end has nothing to escape");
    plain += text[i];
  }
  return plain;
}

// One pass over `$[…]`; `names` knows where an offset in `text` came from.
Result<std::string> expand_times(std::string_view text, std::int64_t base_ms, const TimeZone& zone,
                                 const NameExpander& names) {
  std::string out;
  std::size_t copied = 0;
  for (std::size_t begin = text.find("$["); begin != std::string_view::npos; begin = text.find("$[", begin + 1)) {
    const std::size_t end = text.find_first_of("$]", begin + 2);
    if (end == std::string_view::npos) break;
    const std::string_view inner = text.substr(begin + 2, end - begin - 2);
    if (text[end] == '$' || inner.empty() || is_single_digit(inner)) continue;
    auto value = evaluate_time_expression(inner, base_ms, zone);
    if (value) value = without_backslashes(*value);
    if (!value)
      return fail(value.error().wrap("time expression \"$[" + shortened(inner) + "]\" " + names.describe(begin)));
    out.append(text.substr(copied, begin - copied)).append(*value);
    copied = end + 1;
    if (out.size() > kMaxWorkBytes)
      return fail(ErrorCode::kInvalid,
                  "time expressions expand to more than " + std::to_string(kMaxWorkBytes) + " bytes");
  }
  return out.append(text.substr(copied));
}

std::optional<std::int64_t> base_time_ms(const ParameterValues& values, const ExpandTime& time) {
  const auto given = values.find("system.datetime");
  if (given == values.end() && time.schedule_time.empty()) return time.now_ms;
  const auto base = parse_civil_time(given != values.end() ? given->second : time.schedule_time);
  if (!base) return std::nullopt;
  return epoch_seconds(*base, time.zone) * 1000;
}

}  // namespace

Result<std::string> expand(std::string_view text, const ParameterValues& values, const ExpandTime& time) {
  NameExpander names(text, values);
  PORPOISE_TRY(std::string named, names.run());
  const auto base_ms = base_time_ms(values, time);
  if (!base_ms) return named;
  return expand_times(named, *base_ms, time.zone, names);
}

namespace {

constexpr std::string_view kDateTime = "yyyyMMddHHmmss";

bool is_dynamic(const std::string& value) { return value.starts_with('$'); }

Result<std::string> expand_parameter(const std::string& name, const std::string& value, const ParameterValues& known,
                                     const ExpandTime& time) {
  auto expanded = expand(value, known, time);
  if (!expanded) return fail(expanded.error().wrap("parameter \"" + name + "\""));
  return expanded;
}

void put_all(PropertyMap& map, const PropertyList& list) {
  for (const Property& property : list) map[property.prop] = property;
}

void set_global(PropertyList& globals, const std::string& name, const std::string& value) {
  const auto found = std::find_if(globals.begin(), globals.end(), [&](const Property& p) { return p.prop == name; });
  if (found != globals.end()) {
    found->value = value;
  } else {
    globals.push_back({.prop = name, .direct = Direct::kIn, .type = "VARCHAR", .value = value});
  }
}

CivilTime run_time(const ExpandTime& time) {
  const auto scheduled = parse_civil_time(time.schedule_time);
  return scheduled ? *scheduled : civil_time(time.now_ms, time.zone);
}

PropertyMap merged(const ParameterSources& sources) {
  PropertyMap params;
  for (const Property& global : sources.global_params)
    params[global.prop] = {.prop = global.prop, .direct = Direct::kIn, .type = "VARCHAR", .value = global.value};
  put_all(params, sources.var_pool);
  PropertyList inputs = sources.local_params;
  std::erase_if(inputs, [](const Property& property) { return property.direct == Direct::kOut; });
  put_all(params, inputs);
  return params;
}

ParameterValues known_to_parameters(const ParameterSources& sources) {
  ParameterValues known = business_time(sources.time);
  for (const Property& global : sources.global_params) known[global.prop] = global.value;
  if (!sources.execute_path.empty()) known["system.task.execute.path"] = sources.execute_path;
  known["system.task.instance.id"] = std::to_string(sources.task_instance_id);
  return known;
}

}  // namespace

ParameterValues business_time(const ExpandTime& time) {
  const CivilTime now = run_time(time);
  const CivilTime yesterday = now.on(now.day() - std::chrono::days(1));
  // Only a time outside of the calendar cannot be written; then nothing is known.
  return {{"system.biz.curdate", format_time("yyyyMMdd", now).value_or("")},
          {"system.biz.date", format_time("yyyyMMdd", yesterday).value_or("")},
          {"system.datetime", format_time(kDateTime, now).value_or("")}};
}

Result<PropertyList> resolve_global_params(const PropertyList& declared, const ParameterValues& overrides,
                                           const ExpandTime& time) {
  PropertyList resolved = declared;
  for (const auto& [name, value] : overrides) set_global(resolved, name, value);
  ParameterValues known = business_time(time);
  for (const Property& property : resolved) known[property.prop] = property.value;
  for (Property& property : resolved) {
    if (!is_dynamic(property.value)) continue;
    PORPOISE_TRY(property.value, expand_parameter(property.prop, property.value, known, time));
  }
  return resolved;
}

Result<PropertyMap> prepare_params(const ParameterSources& sources) {
  PropertyMap params = merged(sources);
  const ParameterValues known = known_to_parameters(sources);
  for (auto& [name, property] : params) {
    if (!is_dynamic(property.value)) continue;
    PORPOISE_TRY(property.value, expand_parameter(name, property.value, known, sources.time));
  }
  if (const auto scheduled = parse_civil_time(sources.time.schedule_time)) {
    PORPOISE_TRY(std::string text, format_time(kDateTime, *scheduled));
    params["system.datetime"] = {
        .prop = "system.datetime", .direct = Direct::kIn, .type = "VARCHAR", .value = std::move(text)};
  }
  return params;
}

ParameterValues parameter_values(const PropertyMap& params) {
  ParameterValues values;
  for (const auto& [name, property] : params) values.emplace(name, property.value);
  return values;
}

}  // namespace porpoise
