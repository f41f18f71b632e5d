#include "plugin/note.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/text.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxProblems = 20;  // a person mends a few at a time
constexpr std::size_t kMaxDepth = 16;     // of a schema; ours have three

const Json kNothing;

const Json& member(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

const Json& properties_of(const Json& schema) {
  const Json& properties = member(schema, "properties");
  return properties.is_object() ? properties : kNothing;
}

// "type" is a name or a list of names; absent means any.
std::vector<std::string> type_names(const Json& schema) {
  const Json& type = member(schema, "type");
  std::vector<std::string> names;
  if (type.is_string()) names.push_back(type.get<std::string>());
  if (type.is_array())
    for (const Json& name : type)
      if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

bool is_integer_text(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && last == end;
}

bool is_number_text(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && last == end && std::isfinite(number);
}

bool is_boolean_text(const std::string& text) {
  constexpr std::array<std::string_view, 6> kTexts = {"true", "True", "TRUE", "false", "False", "FALSE"};
  return std::find(kTexts.begin(), kTexts.end(), text) != kTexts.end();
}

// What it will be is known when its placeholders are replaced.
bool has_placeholder(const std::string& text) {
  return text.find("${") != std::string::npos || text.find("$[") != std::string::npos;
}

bool is_integer(const Json& value) {
  return value.is_number_integer() ||
         (value.is_number_float() && value.get<double>() == std::trunc(value.get<double>()));
}

bool has_type(const Json& value, std::string_view type) {
  const auto* text = value.get_ptr<const std::string*>();
  const bool is_scalar = type == "integer" || type == "number" || type == "boolean";
  if (is_scalar && text != nullptr && has_placeholder(*text)) return true;
  if (type == "string") return value.is_primitive();
  if (type == "integer") return is_integer(value) || (text != nullptr && is_integer_text(*text));
  if (type == "number") return value.is_number() || (text != nullptr && is_number_text(*text));
  if (type == "boolean")
    return value.is_boolean() || value.is_number_integer() || (text != nullptr && is_boolean_text(*text));
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "null") return value.is_null();
  return true;  // a type this reader does not know cannot be checked
}

// Jackson takes a number, or its digits, for the place of an enumeration's name.
bool is_place_in(const Json& allowed, const Json& value) {
  std::int64_t place = -1;
  if (value.is_number_integer()) place = value.get<std::int64_t>();
  if (const auto* const text = value.get_ptr<const std::string*>(); text != nullptr && is_integer_text(*text))
    std::from_chars(text->data(), text->data() + text->size(), place);
  const bool of_names = std::all_of(allowed.begin(), allowed.end(), [](const Json& one) { return one.is_string(); });
  return of_names && place >= 0 && static_cast<std::size_t>(place) < allowed.size();
}

std::vector<std::string> enum_texts(const Json& schema) {
  std::vector<std::string> texts;
  for (const Json& value : member(schema, "enum"))
    texts.push_back(value.is_string() ? value.get<std::string>() : dump_json(value));
  return texts;
}

std::string with_article(const std::string& noun) {
  return (std::string_view("aeiou").find(noun.front()) == std::string_view::npos ? "a " : "an ") + noun;
}

class Checker {
 public:
  void check(const Json& schema, const Json& value, const std::string& pointer) {
    if (!schema.is_object() || problems_.size() >= kMaxProblems || depth_ > kMaxDepth) return;
    ++depth_;
    check_value(schema, value, pointer);
    --depth_;
  }

  std::vector<SchemaProblem> take() { return std::move(problems_); }

 private:
  // Jackson reads an empty text as null where a number, a boolean or a choice is wanted, and so 3.1 an empty list where
  // an object is.
  static bool counts_as_absent(const Json& schema, const std::vector<std::string>& types, const Json& value) {
    if (value.is_array() && value.empty()) return types == std::vector<std::string>{"object"};
    const auto* const text = value.get_ptr<const std::string*>();
    if (text == nullptr || !text->empty()) return false;
    if (schema.contains("enum")) return true;
    return !types.empty() && std::all_of(types.begin(), types.end(), [](const std::string& type) {
      return type == "integer" || type == "number" || type == "boolean";
    });
  }

  void check_value(const Json& schema, const Json& value, const std::string& pointer) {
    const std::vector<std::string> types = type_names(schema);
    if (!pointer.empty() && counts_as_absent(schema, types, value)) return;
    const auto fits = [&value](const std::string& type) { return has_type(value, type); };
    if (!types.empty() && std::none_of(types.begin(), types.end(), fits))
      return add(pointer,
                 "is " + with_article(value.type_name()) + " and must be " + with_article(joined(types, " or ")));
    const Json& allowed = member(schema, "enum");
    const auto* const text = value.get_ptr<const std::string*>();
    const bool may_be_any = text != nullptr && has_placeholder(*text);
    if (allowed.is_array() && !may_be_any && std::find(allowed.begin(), allowed.end(), value) == allowed.end() &&
        !is_place_in(allowed, value))
      return add(pointer, "is " + std::string(cut_utf8(dump_json(value), 60)) + " and must be one of " +
                              joined(enum_texts(schema), ", "));
    if (value.is_object()) check_members(schema, value, pointer);
    if (value.is_array() && schema.contains("items"))
      for (std::size_t i = 0; i < value.size(); ++i)
        check(schema["items"], value[i], pointer + "/" + std::to_string(i));
  }

  void check_members(const Json& schema, const Json& object, const std::string& pointer) {
    for (const Json& name : member(schema, "required"))
      if (name.is_string() && member(object, name.get_ref<const std::string&>()).is_null())
        add(pointer_to(pointer, name.get<std::string>()), "is missing");
    for (const auto& [name, property] : properties_of(schema).items())
      if (const Json& value = member(object, name); !value.is_null()) check(property, value, pointer_to(pointer, name));
    if (const Json& more = member(schema, "additionalProperties"); more.is_boolean() && !more.get<bool>())
      check_known(properties_of(schema), object, pointer);
  }

  void check_known(const Json& properties, const Json& object, const std::string& pointer) {
    std::vector<std::string> known;
    for (const auto& [name, property] : properties.items()) known.push_back(name);
    for (const auto& [name, value] : object.items())
      if (!properties.contains(name)) add(pointer_to(pointer, name), "is not known" + did_you_mean(name, known));
  }

  static std::string pointer_to(const std::string& parent, const std::string& name) {
    return parent + (Json::json_pointer() / name).to_string();
  }

  void add(const std::string& pointer, std::string message) {
    if (problems_.size() < kMaxProblems) problems_.push_back({pointer, std::move(message)});
  }

  std::vector<SchemaProblem> problems_;
  std::size_t depth_ = 0;
};

constexpr std::array<std::string_view, 11> kKeywords = {
    "type",        "required", "enum",  "properties", "additionalProperties", "items", "default",
    "description", "examples", "title", "$schema"};
constexpr std::array<std::string_view, 7> kTypes = {"string", "integer", "number", "boolean",
                                                    "array",  "object",  "null"};

class SchemaChecker {
 public:
  void check(const Json& schema, const std::string& pointer, std::size_t depth) {
    if (!schema.is_object()) return add(pointer, "is not a JSON object");
    if (depth > kMaxDepth) return add(pointer, "is nested too deeply");
    for (const auto& [keyword, value] : schema.items()) {
      if (std::find(kKeywords.begin(), kKeywords.end(), keyword) == kKeywords.end())
        add(pointer, "has the keyword '" + keyword + "', which porpoise does not know" +
                         did_you_mean(keyword, {kKeywords.begin(), kKeywords.end()}));
    }
    if (schema.contains("type") && type_names(schema).empty())
      add(pointer + "/type", "is neither a name nor a list of names");
    for (const std::string& type : type_names(schema))
      if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
        add(pointer + "/type",
            "is '" + type + "', which is no type" + did_you_mean(type, {kTypes.begin(), kTypes.end()}));
    for (const char* const list : {"required", "enum"})
      if (schema.contains(list) && !schema[list].is_array()) add(pointer + "/" + list, "is not a list");
    if (schema.contains("additionalProperties") && !schema["additionalProperties"].is_boolean())
      add(pointer + "/additionalProperties", "is neither true nor false");
    if (schema.contains("properties") && !schema["properties"].is_object())
      add(pointer + "/properties", "is not a JSON object");
    for (const auto& [name, property] : properties_of(schema).items())
      check(property, pointer + "/properties" + (Json::json_pointer() / name).to_string(), depth + 1);
    if (schema.contains("items")) check(schema["items"], pointer + "/items", depth + 1);
  }

  std::vector<SchemaProblem> take() { return std::move(problems_); }

 private:
  void add(const std::string& pointer, std::string message) {
    if (problems_.size() < kMaxProblems) problems_.push_back({pointer, std::move(message)});
  }

  std::vector<SchemaProblem> problems_;
};

std::string describe_type(const Json& schema) {
  if (const auto values = enum_texts(schema); !values.empty()) return joined(values, " | ");
  const std::vector<std::string> types = type_names(schema);
  if (types.empty()) return "any";
  if (types.front() == "array" && member(schema, "items").is_object())
    return "list of " + describe_type(schema["items"]);
  return joined(types, " or ");
}

bool is_required(const Json& schema, const std::string& name) {
  const Json& required = member(schema, "required");
  return required.is_array() && std::find(required.begin(), required.end(), name) != required.end();
}

void add_rows(const Json& schema, const std::string& prefix, std::size_t depth, std::vector<ParameterRow>& rows) {
  if (!schema.is_object() || depth == kMaxDepth) return;
  std::vector<std::string> names;
  for (const auto& [name, property] : properties_of(schema).items())
    if (property.is_object()) names.push_back(name);
  std::stable_partition(names.begin(), names.end(), [&](const auto& name) { return is_required(schema, name); });
  for (const std::string& name : names) {
    const Json& property = schema["properties"][name];
    const Json& fallback = member(property, "default");
    rows.push_back({prefix + name, describe_type(property), is_required(schema, name),
                    property.contains("default") ? dump_json(fallback) : "", string_or(property, "description", "")});
    add_rows(property, prefix + name + ".", depth + 1, rows);
    add_rows(member(property, "items"), prefix + name + "[].", depth + 1, rows);
  }
}

}  // namespace

std::vector<SchemaProblem> check_schema(const Json& schema) {
  SchemaChecker checker;
  checker.check(schema, "", 0);
  return checker.take();
}

std::vector<SchemaProblem> check_params(const Json& schema, const Json& params) {
  Checker checker;
  checker.check(schema, params, "");
  return checker.take();
}

std::vector<ParameterRow> list_parameters(const Json& schema) {
  std::vector<ParameterRow> rows;
  add_rows(schema, "", 0, rows);
  return rows;
}

}  // namespace porpoise
