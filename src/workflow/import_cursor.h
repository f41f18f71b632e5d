// A place in the JSON document being imported, read as the server's classes would read it (Jackson, as 3.1 `JSONUtils`
// sets it up): every finding is noted in Problems with its position, and reading continues with a default, so that one
// run reports them all. What is read but was hardly meant is a remark, one of each kind. Used by import only; one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace porpoise {

class Problems {
 public:
  explicit Problems(std::string_view text) : text_(text) {}  // the document; must outlive this

  void add(const Json::json_pointer& at, const std::string& message);
  bool empty() const { return found_ == 0; }
  std::size_t count() const { return found_; }
  Error error() const;  // one line per problem, ten at most

  // Not wrong, but worth a word: the first of a kind is kept, the others are counted.
  void remark(const std::string& kind, const Json::json_pointer& at, const std::string& message);
  std::vector<std::string> remarks() const;  // one line per kind

 private:
  struct Remark {
    std::string kind;
    std::string line;
    std::size_t count = 1;
  };
  std::string place_of(const Json::json_pointer& at) const;  // "12:7 /0/taskDefinitionList/2/name: "

  std::string_view text_;
  std::size_t found_ = 0;
  std::string lines_;
  std::vector<Remark> remarks_;
};

class Cursor {
 public:
  static constexpr std::size_t kMaxElements = 1000;
  struct Range {
    std::int64_t fallback;  // of an absent, null or empty member
    std::int64_t min;       // what is below or above is read as the limit, with a remark
    std::int64_t max;
  };

  Cursor(Problems& problems, const Json& json, Json::json_pointer at)
      : problems_(&problems), json_(&json), at_(std::move(at)) {}

  const Json& json() const { return *json_; }
  void problem(const std::string& message) const;
  void remark(const std::string& kind, const std::string& message) const;
  // The same place; its problems and those below it are introduced by `subject`, too: "workflow 'w', task 'a': …".
  Cursor about(const std::string& subject) const;

  bool has(std::string_view key) const;  // a member that is not null
  // The member, or a problem that says what should be there.
  std::optional<Cursor> object(std::string_view key) const;
  std::optional<Cursor> list(std::string_view key) const;           // not empty
  std::optional<Cursor> list_or_none(std::string_view key) const;   // nothing when absent, null or an empty text
  Cursor member(std::string_view key) const;                        // must exist, see has()
  Cursor member_as(std::string_view key, const Json& value) const;  // `value` stands for it and must outlive it
  // Of an array; a problem, and none, when there are more than `max`.
  std::vector<Cursor> elements(std::size_t max = kMaxElements) const;

  std::string text(std::string_view key) const;  // must exist and not be empty; a number is its digits
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::optional<std::int64_t> code(std::string_view key) const;  // must exist; see code_from_json
  std::int64_t code_or_zero(std::string_view key) const;         // 0 when absent, null or an empty text
  // A fraction is cut off; digits in a text are a number.
  std::int64_t integer(std::string_view key, Range range) const;
  // The position of the member's value among `names`, which are in the order of the Java enumeration. A number is that
  // position; what is none of them is null to the server, and so `fallback`.
  int choice(std::string_view key, std::initializer_list<std::string_view> names, int fallback) const;

  // The value of a member that is JSON or a text holding JSON, as 3.1 accepts for taskParams; null of an empty text,
  // and after a problem.
  Json embedded(std::string_view key) const;

 private:
  Problems* problems_;
  const Json* json_;
  Json::json_pointer at_;
  std::string subject_;
};

}  // namespace porpoise
