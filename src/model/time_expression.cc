#include "model/date_time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <string>

#include "base/text.h"

namespace porpoise {
namespace {

constexpr int kMaxParentheses = 64;         // far above what people write; keeps hostile input off the stack
constexpr std::size_t kMaxQuotedTail = 20;  // of the input, in an error message

// Recursive descent: sum = product {+- product}; product = factor {*/ factor}; factor = [+-] factor | (sum) | digits
// ["." sum]. To 3.1 `TimePlaceholderUtils` a dot is an operator whose result is 0 and whose right side is all that
// follows on its level: 0.5 days are none.
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
    if (next() != '.') return static_cast<std::int32_t>(value);
    ++at_;
    PORPOISE_TRY_VOID(sum());
    return 0;
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

namespace {

namespace chrono = std::chrono;

// A moment and the pattern that is to write it.
struct Shifted {
  std::int64_t moment_ms;
  std::string_view pattern;
};

chrono::sys_days add_months(const CivilTime& time, std::int32_t months) {
  const chrono::year_month_day date = time.date();
  const std::int64_t total =
      static_cast<std::int64_t>(static_cast<int>(date.year())) * 12 + static_cast<unsigned>(date.month()) - 1 + months;
  // A year that chrono cannot hold is outside of the calendar by far; clamping keeps it outside.
  const std::int64_t year = std::clamp<std::int64_t>(total >= 0 ? total / 12 : -1, -1, 10000);
  const auto month = static_cast<int>(((total % 12) + 12) % 12 + 1);
  const chrono::year_month_day_last last = chrono::year(static_cast<int>(year)) / month / chrono::last;
  return chrono::year_month_day(last.year(), last.month(), std::min(date.day(), last.day()));
}

chrono::sys_days month_begin(const CivilTime& time, std::int32_t days) {
  return chrono::sys_days(time.date().year() / time.date().month() / 1) + chrono::days(days);
}

chrono::sys_days month_end(const CivilTime& time, std::int32_t days) {
  return chrono::sys_days(time.date().year() / time.date().month() / chrono::last) + chrono::days(days);
}

// Monday, also where patterns count weeks from Sunday.
chrono::sys_days week_begin(const CivilTime& time, std::int32_t days) {
  return time.day() - (chrono::weekday(time.day()) - chrono::Monday) + chrono::days(days);
}

chrono::sys_days week_end(const CivilTime& time, std::int32_t days) {
  return week_begin(time, 0) + chrono::days(6) + chrono::days(days);
}

struct Function {
  std::string_view name;
  chrono::sys_days (*day)(const CivilTime& time, std::int32_t argument);
};

constexpr std::array kFunctions = {Function{"add_months", &add_months}, Function{"month_begin", &month_begin},
                                   Function{"month_end", &month_end}, Function{"week_begin", &week_begin},
                                   Function{"week_end", &week_end}};

class Evaluator {
 public:
  Evaluator(std::int64_t base_ms, const TimeZone& zone) : base_ms_(base_ms), zone_(zone) {}

  Result<std::string> evaluate(std::string_view expression) const {
    if (expression.starts_with("timestamp")) return timestamp(expression);
    PORPOISE_TRY(const Shifted shifted, shift(expression));
    return format_time(shifted.pattern, civil_time(shifted.moment_ms, zone_));
  }

 private:
  Result<std::string> timestamp(std::string_view expression) const {
    PORPOISE_TRY(const std::string_view inner, arguments("timestamp", expression));
    PORPOISE_TRY(const Shifted shifted, shift(inner));
    PORPOISE_TRY(const std::string text, format_time(shifted.pattern, civil_time(shifted.moment_ms, zone_)));
    const auto time = parse_civil_time(text);
    if (!time)
      return fail(ErrorCode::kInvalid,
                  "timestamp needs a pattern that writes yyyyMMddHHmmss, but this one writes \"" + text + "\"");
    return std::to_string(epoch_seconds(*time, zone_));
  }

  Result<Shifted> shift(std::string_view expression) const {
    for (const Function& function : kFunctions)
      if (expression.starts_with(function.name)) return call(function, expression);
    // The last `+` if there is any, else the last `-`: so the dashes of yyyy-MM-dd do not count.
    const std::size_t plus = expression.rfind('+');
    const std::size_t sign = plus != std::string_view::npos ? plus : expression.rfind('-');
    if (sign == std::string_view::npos) return Shifted{base_ms_, expression};
    if (sign + 1 == expression.size())
      return fail(ErrorCode::kInvalid, std::string("nothing follows the \"") + expression[sign] + "\"");
    if (expression[sign + 1] < '0' || expression[sign + 1] > '9') return Shifted{base_ms_, expression};
    PORPOISE_TRY(const std::int64_t minutes, minutes_of(expression.substr(sign + 1)));
    return Shifted{base_ms_ + (expression[sign] == '+' ? minutes : -minutes) * 60000, expression.substr(0, sign)};
  }

  // `a*b` is days; from the first slash on, `/24` makes hours of it and `/24/60` minutes.
  static Result<std::int32_t> minutes_of(std::string_view days) {
    const std::size_t slash = std::min(days.find('/'), days.size());
    std::string minutes = "60*24*(";
    minutes.append(days.substr(0, slash)).append(")").append(days.substr(slash));
    return named_integer(days, minutes);
  }

  Result<Shifted> call(const Function& function, std::string_view expression) const {
    PORPOISE_TRY(std::string_view inner, arguments(function.name, expression));
    while (inner.ends_with(',')) inner.remove_suffix(1);  // Java's String.split drops empty ends
    const std::size_t comma = inner.find(',');
    if (comma == std::string_view::npos || inner.find(',', comma + 1) != std::string_view::npos)
      return fail(ErrorCode::kInvalid, std::string(function.name) + " needs two arguments, (pattern,number)");
    const std::string_view number = inner.substr(comma + 1);
    PORPOISE_TRY(const std::int32_t argument, named_integer(number, number));
    const CivilTime time = civil_time(base_ms_, zone_);
    const CivilTime moved = time.on(function.day(time, argument));
    if (!moved.in_calendar()) return fail(ErrorCode::kInvalid, "the time is outside of the years 1 to 9999");
    return Shifted{epoch_seconds(moved, zone_) * 1000 + moved.nanos / 1000000, inner.substr(0, comma)};
  }

  static Result<std::string_view> arguments(std::string_view name, std::string_view expression) {
    const std::string_view rest = expression.substr(name.size());
    if (rest.size() < 2 || rest.front() != '(' || rest.back() != ')')
      return fail(ErrorCode::kInvalid, std::string(name) + " needs its arguments in parentheses");
    return rest.substr(1, rest.size() - 2);
  }

  static Result<std::int32_t> named_integer(std::string_view written, std::string_view expression) {
    auto value = evaluate_integer(expression);
    if (!value) return fail(value.error().wrap("number \"" + std::string(written) + "\""));
    return value;
  }

  std::int64_t base_ms_;
  const TimeZone& zone_;
};

}  // namespace

Result<std::string> evaluate_time_expression(std::string_view expression, std::int64_t base_ms, const TimeZone& zone) {
  if (expression.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos)
    return fail(ErrorCode::kInvalid, "it is blank");
  if (!civil_time(base_ms, zone).in_calendar())
    return fail(ErrorCode::kInvalid, "the base time is outside of the years 1 to 9999");
  return Evaluator(base_ms, zone).evaluate(expression);
}

}  // namespace porpoise
