#include "workflow/import_cursor.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "workflow/workflow.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxProblems = 10;

std::string quoted(std::string_view key) { return "\"" + std::string(key) + "\""; }

std::string shown(const Json& json) { return dump_json(json).substr(0, 40); }

bool is_blank(const Json& json) { return json.is_string() && trimmed(json.get_ref<const std::string&>()).empty(); }

}  // namespace

std::string Problems::place_of(const Json::json_pointer& at) const {
  // Inside a text that holds JSON, the position is that of the text.
  Json::json_pointer place = at;
  while (!place.empty() && locate_pointer(text_, place) == 0) place.pop_back();
  const Position position = position_of(text_, locate_pointer(text_, place));
  const std::string pointer = at.empty() ? "/" : at.to_string();
  return std::to_string(position.line) + ":" + std::to_string(position.column) + " " + pointer + ": ";
}

void Problems::add(const Json::json_pointer& at, const std::string& message) {
  if (++found_ > kMaxProblems) return;
  lines_ += place_of(at) + escape_controls(message) + "\n";  // a name must not make a line of its own
}

void Problems::remark(const std::string& kind, const Json::json_pointer& at, const std::string& message) {
  const auto known =
      std::find_if(remarks_.begin(), remarks_.end(), [&](const Remark& remark) { return remark.kind == kind; });
  if (known != remarks_.end())
    ++known->count;
  else
    remarks_.push_back({kind, place_of(at) + escape_controls(message)});
}

std::vector<std::string> Problems::remarks() const {
  std::vector<std::string> lines;
  for (const Remark& remark : remarks_)
    lines.push_back(remark.line +
                    (remark.count > 1 ? "; and " + std::to_string(remark.count - 1) + " more like it" : ""));
  return lines;
}

Error Problems::error() const {
  std::string message = lines_;
  if (found_ > kMaxProblems) message += "and " + std::to_string(found_ - kMaxProblems) + " more problems\n";
  if (!message.empty()) message.pop_back();
  return Error(ErrorCode::kInvalid, std::move(message));
}

void Cursor::problem(const std::string& message) const {
  problems_->add(at_, subject_.empty() ? message : subject_ + ": " + message);
}

void Cursor::remark(const std::string& kind, const std::string& message) const {
  problems_->remark(kind, at_, subject_.empty() ? message : subject_ + ": " + message);
}

Cursor Cursor::about(const std::string& subject) const {
  Cursor cursor = *this;
  cursor.subject_ += (subject_.empty() ? "" : ", ") + subject;
  return cursor;
}

bool Cursor::has(std::string_view key) const {
  const auto found = json_->find(key);
  return found != json_->end() && !found->is_null();
}

Cursor Cursor::member(std::string_view key) const { return member_as(key, *json_->find(key)); }

Cursor Cursor::member_as(std::string_view key, const Json& value) const {
  Cursor cursor(*problems_, value, at_ / std::string(key));
  cursor.subject_ = subject_;
  return cursor;
}

std::vector<Cursor> Cursor::elements(std::size_t max) const {
  std::vector<Cursor> found;
  if (json_->size() > max) {
    problem("has " + std::to_string(json_->size()) + " elements; the limit is " + std::to_string(max));
    return found;
  }
  for (std::size_t i = 0; i < json_->size(); ++i) {
    found.emplace_back(*problems_, (*json_)[i], at_ / i);
    found.back().subject_ = subject_;
  }
  return found;
}

std::optional<Cursor> Cursor::object(std::string_view key) const {
  if (!has(key)) {
    problem("has no " + quoted(key) + "; export the workflow again, or add it");
    return std::nullopt;
  }
  const Cursor found = member(key);
  if (found.json().is_object()) return found;
  found.problem("must be an object, not " + std::string(found.json().type_name()));
  return std::nullopt;
}

std::optional<Cursor> Cursor::list(std::string_view key) const {
  if (!has(key)) {
    problem("has no " + quoted(key) + "; export the workflow again, or add it");
    return std::nullopt;
  }
  const Cursor found = member(key);
  if (found.json().is_array() && !found.json().empty()) return found;
  found.problem(found.json().is_array() ? "is empty; there must be at least one"
                                        : "must be a list, not " + std::string(found.json().type_name()));
  return std::nullopt;
}

std::optional<Cursor> Cursor::list_or_none(std::string_view key) const {
  if (!has(key) || is_blank(member(key).json())) return std::nullopt;
  const Cursor found = member(key);
  if (found.json().is_array()) return found;
  found.problem("must be a list, not " + std::string(found.json().type_name()));
  return std::nullopt;
}

std::string Cursor::text(std::string_view key) const {
  if (!has(key)) {
    problem("has no " + quoted(key) + "; give it a text");
    return {};
  }
  std::string found = text_or(key, "?");
  if (found.empty()) member(key).problem("is empty; give it a text");
  return found;
}

std::string Cursor::text_or(std::string_view key, std::string_view fallback) const {
  if (!has(key)) return std::string(fallback);
  const Cursor found = member(key);
  if (found.json().is_string()) return found.json().get<std::string>();
  if (found.json().is_primitive()) {
    found.remark("text", "is " + shown(found.json()) + ", which the server reads as a text");
    return dump_json(found.json());
  }
  found.problem("must be a text, not " + std::string(found.json().type_name()));
  return std::string(fallback);
}

std::optional<std::int64_t> Cursor::code(std::string_view key) const {
  if (!has(key)) {
    problem("has no " + quoted(key) + "; give it a task code");
    return std::nullopt;
  }
  const auto found = code_from_json(member(key).json());
  if (!found)
    member(key).problem("must be a code (a whole number of at most 63 bits), not " + shown(member(key).json()));
  if (found && member(key).json().is_number_float())
    member(key).remark("fraction", "is " + shown(member(key).json()) + ", which is read as " + std::to_string(*found));
  return found;
}

std::int64_t Cursor::code_or_zero(std::string_view key) const {
  if (!has(key) || is_blank(member(key).json())) return 0;
  return code(key).value_or(0);
}

std::int64_t Cursor::integer(std::string_view key, Range range) const {
  if (!has(key)) return range.fallback;
  const Cursor found = member(key);
  const auto read_as = [&](const std::string& kind, std::int64_t value) {
    found.remark(kind, "is " + shown(found.json()) + ", which is read as " + std::to_string(value));
    return value;
  };
  if (is_blank(found.json())) return read_as("empty number", range.fallback);
  const auto value = code_from_json(found.json());
  if (!value) {
    found.problem("must be a whole number of at most 63 bits, not " + shown(found.json()));
    return range.fallback;
  }
  if (*value < range.min || *value > range.max) return read_as("limit", std::clamp(*value, range.min, range.max));
  if (found.json().is_number_float()) read_as("fraction", *value);
  return *value;
}

int Cursor::choice(std::string_view key, std::initializer_list<std::string_view> names, int fallback) const {
  if (!has(key)) return fallback;
  const Cursor found = member(key);
  const Json& value = found.json();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (value == *(names.begin() + i)) return static_cast<int>(i);
  if (!value.is_string() && !value.is_number_integer()) {
    std::string allowed;
    for (const std::string_view name : names) allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    found.problem("must be one of " + allowed + ", not " + shown(value));
    return fallback;
  }
  const auto place = code_from_json(value);
  if (place && *place >= 0 && *place < static_cast<std::int64_t>(names.size())) {
    found.remark("number of an enumeration",
                 "is " + shown(value) + ", which the server reads as " + std::string(*(names.begin() + *place)));
    return static_cast<int>(*place);
  }
  const std::string taken = fallback < 0 ? "" : "; here it counts as " + std::string(*(names.begin() + fallback));
  found.remark("unknown value of an enumeration", "is " + shown(value) + ", which the server reads as null" + taken);
  return fallback;
}

Json Cursor::embedded(std::string_view key) const {
  const Cursor found = member(key);
  if (!found.json().is_string()) return found.json();
  if (is_blank(found.json())) return Json();
  auto parsed = parse_json(found.json().get_ref<const std::string&>());
  if (parsed) return std::move(*parsed);
  found.problem("holds a text that is not JSON: " + parsed.error().message());
  return Json();
}

}  // namespace porpoise
