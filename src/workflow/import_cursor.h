// A place in the JSON document being imported, read with checks: every finding is noted in Problems with its position,
// and reading continues with a default, so that one run reports them all. Used by import only; one thread.
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
  Error error() const;  // one line per problem, ten at most

 private:
  std::string_view text_;
  std::size_t found_ = 0;
  std::string lines_;
};

class Cursor {
 public:
  static constexpr std::size_t kMaxElements = 1000;
  struct Range {
    std::int64_t fallback;  // of an absent or null member
    std::int64_t min;
    std::int64_t max;
  };

  Cursor(Problems& problems, const Json& json, Json::json_pointer at)
      : problems_(&problems), json_(&json), at_(std::move(at)) {}

  const Json& json() const { return *json_; }
  void problem(const std::string& message) const;
  // The same place; its problems and those below it are introduced by `subject`, too: "workflow 'w', task 'a': …".
  Cursor about(const std::string& subject) const;

  bool has(std::string_view key) const;  // a member that is not null
  // The member, or a problem that says what should be there.
  std::optional<Cursor> object(std::string_view key) const;
  std::optional<Cursor> list(std::string_view key) const;           // not empty
  Cursor member(std::string_view key) const;                        // must exist, see has()
  Cursor member_as(std::string_view key, const Json& value) const;  // `value` stands for it and must outlive it
  // Of an array; a problem, and none, when there are more than `max`.
  std::vector<Cursor> elements(std::size_t max = kMaxElements) const;

  std::string text(std::string_view key) const;  // must exist and not be empty
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::optional<std::int64_t> code(std::string_view key) const;  // must exist; a number or digits
  std::int64_t integer(std::string_view key, Range range) const;
  // The position of the member's value among `names`, which are in the order of the Java enumeration.
  int choice(std::string_view key, std::initializer_list<std::string_view> names, int fallback) const;

  // The value of a member that is JSON or a text holding JSON, as 3.1 accepts for taskParams; null after a problem.
  Json embedded(std::string_view key) const;

 private:
  Problems* problems_;
  const Json* json_;
  Json::json_pointer at_;
  std::string subject_;
};

}  // namespace porpoise
