#include "config/yaml.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <cstdint>
#include <sstream>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxYamlDepth = 32;
// Aliases are copied when values are made of them: ten lines can ask for 10^9 nodes, or a page for 10^9 bytes.
constexpr std::size_t kMaxNodes = 100000;
constexpr std::size_t kMaxTextBytes = 16U << 20U;
constexpr std::size_t kMaxKeyBytes = 256;  // keys are repeated in the path of all that is below them

std::string position(const YAML::Mark& mark) {
  if (mark.is_null()) return "";
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": ";
}

std::size_t line_of(const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return mark.is_null() ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

Status check_key(const YAML::Node& key) {
  if (!key.IsScalar()) return invalid_yaml(key, "a key must be a plain word");
  if (key.Scalar().size() <= kMaxKeyBytes) return {};
  return invalid_yaml(key, "a key longer than " + std::to_string(kMaxKeyBytes) + " bytes");
}

// A scalar as YAML 1.2's core schema reads it; a quoted one (tag "!") is text.
Json scalar_to_json(const YAML::Node& node) {
  if (node.Tag() == "!") return node.Scalar();
  if (std::int64_t number = 0; YAML::convert<std::int64_t>::decode(node, number)) return number;
  if (double number = 0; YAML::convert<double>::decode(node, number)) return number;
  if (node.Scalar() == "true" || node.Scalar() == "false") return node.Scalar() == "true";
  return node.Scalar();
}

// Refuses a character that begins nothing, such as a comma at the beginning of a file: yaml-cpp 0.7 takes no step over
// it, and `YAML::LoadAll` makes empty documents there until the memory is full.
class DocumentStarts final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(last_, mark.pos) == mark.pos) throw YAML::ParserException(mark, "this begins nothing");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

void check_documents(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  for (DocumentStarts starts; parser.HandleNextDocument(starts);) continue;
}

}  // namespace

tl::unexpected<Error> invalid_yaml(const YAML::Node& node, const std::string& what) {
  return fail(ErrorCode::kInvalid, position(node.Mark()) + what);
}

Result<std::vector<YAML::Node>> load_yaml(std::string_view text) {
  try {
    const std::string whole(text);
    check_documents(whole);
    return YAML::LoadAll(whole);
  } catch (const YAML::DeepRecursion& error) {  // whose own words are "bad file"
    return fail(ErrorCode::kInvalid, position(error.mark) + "nested too deeply; at most " +
                                         std::to_string(kMaxYamlDepth) + " levels are read");
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid, position(error.mark) + error.msg);
  }
}

Status YamlConverter::spend(const YAML::Node& node, std::size_t depth, std::size_t bytes) {
  if (depth > kMaxYamlDepth)
    return invalid_yaml(node, "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
  if (++nodes_ > kMaxNodes) return invalid_yaml(node, "more than " + std::to_string(kMaxNodes) + " values");
  bytes_ += bytes + (node.IsScalar() ? node.Scalar().size() : 0);
  if (bytes_ > kMaxTextBytes) return invalid_yaml(node, "aliases make more text of it than is allowed");
  return {};
}

Result<Json> YamlConverter::json_of(const YAML::Node& node, std::size_t depth) {
  PORPOISE_TRY_VOID(spend(node, depth, 0));
  if (node.IsScalar()) return scalar_to_json(node);
  if (node.IsSequence()) return list_of(node, depth);
  if (node.IsMap()) return object_of(node, depth);
  return Json();
}

Result<Json> YamlConverter::list_of(const YAML::Node& node, std::size_t depth) {
  Json array = Json::array();
  for (const YAML::Node& element : node) {
    PORPOISE_TRY(Json value, json_of(element, depth + 1));
    array.push_back(std::move(value));
  }
  return array;
}

Result<Json> YamlConverter::object_of(const YAML::Node& node, std::size_t depth) {
  Json object = Json::object();
  for (const auto& member : node) {
    PORPOISE_TRY_VOID(check_key(member.first));
    const std::string& key = member.first.Scalar();
    if (object.contains(key)) return invalid_yaml(member.first, "key '" + key + "' is there twice");
    PORPOISE_TRY(object[key], json_of(member.second, depth + 1));
  }
  return object;
}

Result<std::vector<LocatedValue>> YamlConverter::flatten(const YAML::Node& node) {
  std::vector<LocatedValue> values;
  keys_.clear();
  PORPOISE_TRY_VOID(flatten_into(node, {"", "", line_of(node), false}, 0, values));
  return values;
}

Status YamlConverter::flatten_into(const YAML::Node& node, LocatedValue at, std::size_t depth,
                                   std::vector<LocatedValue>& values) {
  PORPOISE_TRY_VOID(spend(node, depth, at.key.size()));
  if (node.IsMap() && node.size() > 0) return flatten_members(node, at, depth, values);
  if (node.IsSequence() && node.size() > 0) {
    std::size_t index = 0;
    for (const YAML::Node& element : node)
      PORPOISE_TRY_VOID(flatten_into(
          element, {at.key + "[" + std::to_string(index++) + "]", "", line_of(element), false}, depth + 1, values));
    return {};
  }
  if (!keys_.insert(at.key).second) return invalid_yaml(node, "key '" + at.key + "' is there twice");
  at.is_null = !node.IsScalar();
  if (node.IsScalar()) at.text = node.Scalar();
  values.push_back(std::move(at));
  return {};
}

Status YamlConverter::flatten_members(const YAML::Node& node, const LocatedValue& at, std::size_t depth,
                                      std::vector<LocatedValue>& values) {
  for (const auto& member : node) {
    PORPOISE_TRY_VOID(check_key(member.first));
    const std::string& key = member.first.Scalar();
    PORPOISE_TRY_VOID(flatten_into(member.second,
                                   {at.key.empty() ? key : at.key + "." + key, "", line_of(member.first), false},
                                   depth + 1, values));
  }
  return {};
}

}  // namespace porpoise
