#include "model/integer_expression.h"

#include <limits>
#include <string>

#include "base/text.h"
#include "base/utf8.h"

namespace porpoise {
namespace {

constexpr int kMaxParentheses = 64;         // far above what people write; keeps hostile input off the stack
constexpr std::size_t kMaxQuotedTail = 20;  // of the input, in an error message

// Recursive descent: sum = product {+- product}; product = factor {*/ factor}; factor = [+-] factor | (sum) | digits.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::int32_t> parse() {
    PORPOISE_TRY(const std::int32_t value, sum());
    if (at_ != text_.size()) return unexpected();
    return value;
  }

 private:
  Result<std::int32_t> sum() {
    PORPOISE_TRY(std::int32_t value, product());
    while (next() == '+' || next() == '-') {
      const char sign = text_[at_++];
      PORPOISE_TRY(const std::int32_t other, product());
      const std::int64_t right = other;
      PORPOISE_TRY(value, checked(sign == '+' ? value + right : value - right));
    }
    return value;
  }

  Result<std::int32_t> product() {
    PORPOISE_TRY(std::int32_t value, factor());
    while (next() == '*' || next() == '/') {
      const char sign = text_[at_++];
      PORPOISE_TRY(const std::int32_t other, factor());
      const std::int64_t right = other;
      if (sign == '/' && right == 0) return fail(ErrorCode::kInvalid, "division by zero");
      PORPOISE_TRY(value, checked(sign == '*' ? value * right : value / right));
    }
    return value;
  }

  Result<std::int32_t> factor() {
    if (++depth_ > kMaxParentheses)
      return fail(ErrorCode::kInvalid, "nested deeper than " + std::to_string(kMaxParentheses) + " levels");
    Result<std::int32_t> value = unnested_factor();
    --depth_;
    return value;
  }

  Result<std::int32_t> unnested_factor() {
    if (next() == '(') return parenthesised();
    if (next() != '+' && next() != '-') return number();
    const bool negative = text_[at_++] == '-';
    PORPOISE_TRY(const std::int32_t value, factor());
    return checked(negative ? -static_cast<std::int64_t>(value) : value);
  }

  Result<std::int32_t> parenthesised() {
    ++at_;
    PORPOISE_TRY(const std::int32_t value, sum());
    if (next() != ')') return unexpected();
    ++at_;
    return value;
  }

  Result<std::int32_t> number() {
    if (next() < '0' || next() > '9') return unexpected();
    std::int64_t value = 0;
    for (; next() >= '0' && next() <= '9'; ++at_) {
      PORPOISE_TRY(value, checked(value * 10 + (next() - '0')));
    }
    return static_cast<std::int32_t>(value);
  }

  static Result<std::int32_t> checked(std::int64_t value) {
    using Limits = std::numeric_limits<std::int32_t>;
    if (value < Limits::min() || value > Limits::max()) return fail(ErrorCode::kInvalid, "a number beyond 32 bits");
    return static_cast<std::int32_t>(value);
  }

  tl::unexpected<Error> unexpected() const {
    if (at_ >= text_.size()) return fail(ErrorCode::kInvalid, "it ends where a number or \")\" is expected");
    return fail(ErrorCode::kInvalid, "unexpected \"" + std::string(cut_utf8(text_.substr(at_), kMaxQuotedTail)) + "\"");
  }

  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::int32_t> evaluate_integer(std::string_view expression) { return Parser(trimmed(expression)).parse(); }

}  // namespace porpoise
