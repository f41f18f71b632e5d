#include "model/date_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace porpoise {
namespace {

constexpr std::array kWidths = {4, 2, 2, 2, 2, 2};  // yyyy MM dd HH mm ss
constexpr std::size_t kTextSize = 14;

std::optional<std::array<int, kWidths.size()>> split_digits(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != kTextSize || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::array<int, kWidths.size()> fields{};
  const char* at = text.data();
  for (std::size_t i = 0; i < kWidths.size(); ++i) at = std::from_chars(at, at + kWidths[i], fields[i]).ptr;
  return fields;
}

}  // namespace

CivilTime civil_time(std::int64_t epoch_ms, const TimeZone& zone) {
  const std::int64_t rest_ms = ((epoch_ms % 1000) + 1000) % 1000;
  const std::int64_t epoch = (epoch_ms - rest_ms) / 1000;
  return {epoch + zone.utc_offset(epoch).count(), static_cast<std::int32_t>(rest_ms) * 1000000};
}

std::int64_t epoch_seconds(const CivilTime& time, const TimeZone& zone) {
  // A zone changes its offset at most once within two days, so these are the only candidates.
  const std::int64_t before = zone.utc_offset(time.seconds - CivilTime::kSecondsPerDay).count();
  const std::int64_t after = zone.utc_offset(time.seconds + CivilTime::kSecondsPerDay).count();
  if (zone.utc_offset(time.seconds - before).count() == before) return time.seconds - before;
  if (zone.utc_offset(time.seconds - after).count() == after) return time.seconds - after;
  return time.seconds - before;
}

std::optional<CivilTime> parse_civil_time(std::string_view text) {
  namespace chrono = std::chrono;
  const auto fields = split_digits(text);
  if (!fields) return std::nullopt;
  const auto [year, month, day, hour, minute, second] = *fields;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const chrono::year_month_day_last last = chrono::year(year) / month / chrono::last;
  const chrono::day clipped = std::min(chrono::day(static_cast<unsigned>(day)), last.day());
  const chrono::sys_days date = chrono::year_month_day(last.year(), last.month(), clipped);
  return CivilTime{hour * 3600 + minute * 60 + second, 0}.on(date);
}

namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 4> kQuarters = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};

// The numbers that pattern letters ask for.
struct Fields {
  explicit Fields(const CivilTime& time)
      : date(time.date()),
        weekday(static_cast<int>(chrono::weekday(time.day()).c_encoding())),
        second_of_day(time.second_of_day()),
        nanos(time.nanos) {
    const chrono::sys_days new_year = chrono::sys_days(date.year() / chrono::January / 1);
    day_of_year = static_cast<int>((time.day() - new_year).count()) + 1;
  }

  int year() const { return static_cast<int>(date.year()); }
  int month() const { return static_cast<int>(static_cast<unsigned>(date.month())); }
  int day() const { return static_cast<int>(static_cast<unsigned>(date.day())); }
  int hour() const { return static_cast<int>(second_of_day / 3600); }
  int quarter() const { return (month() - 1) / 3 + 1; }
  // Of the week that holds `ordinal` (a day of month or year), counted from the one with day 1.
  int week_of(int ordinal) const { return (ordinal - 1 + (weekday - (ordinal - 1) % 7 + 7) % 7) / 7 + 1; }
  // The last days of December belong to week 1 of the next year when that begins before Sunday.
  bool in_next_week_year() const {
    const int days_to_saturday = 6 - weekday;
    return day_of_year + days_to_saturday > (date.year().is_leap() ? 366 : 365);
  }
  int week_year() const { return year() + (in_next_week_year() ? 1 : 0); }
  int week_of_year() const { return in_next_week_year() ? 1 : week_of(day_of_year); }

  chrono::year_month_day date;
  int weekday;  // 0 is Sunday
  std::int64_t second_of_day;
  std::int64_t nanos;
  int day_of_year = 0;
};

std::string padded(std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

std::string year_text(int year, std::size_t count) { return count == 2 ? padded(year % 100, 2) : padded(year, count); }

// Counts 3, 4 and 5 of a letter with a name: short, full, narrow.
std::string text_form(std::string_view full, std::size_t short_size, std::size_t count) {
  if (count == 4) return std::string(full);
  return std::string(full.substr(0, count == 5 ? 1 : short_size));
}

std::string quarter_text(int quarter, std::size_t count) {
  if (count == 3) return "Q" + std::to_string(quarter);
  return text_form(kQuarters.at(static_cast<std::size_t>(quarter - 1)), 1, count);
}

std::string weekday_text(int weekday, std::size_t count) {
  return text_form(kDays.at(static_cast<std::size_t>(weekday)), 3, count);
}

// Letters whose counts 1 and 2 are the number. Java has two of each, which differ in some languages, but not in "en".
std::string write_month(const Fields& fields, std::size_t count) {
  if (count < 3) return padded(fields.month(), count);
  return text_form(kMonths.at(static_cast<std::size_t>(fields.month() - 1)), 3, count);
}

std::string write_quarter(const Fields& fields, std::size_t count) {
  return count < 3 ? padded(fields.quarter(), count) : quarter_text(fields.quarter(), count);
}

std::string write_day_of_week(const Fields& fields, std::size_t count) {
  return count < 3 ? padded(fields.weekday + 1, count) : weekday_text(fields.weekday, count);
}

std::string era_text(std::size_t count) { return count < 4 ? "AD" : count == 4 ? "Anno Domini" : "A"; }

std::string fraction(std::int64_t nanos, std::size_t count) { return padded(nanos, 9).substr(0, count); }

// A letter of the pattern: how often it may stand in a row and how it is written.
struct Letter {
  char name;
  std::size_t max_count;
  std::string (*write)(const Fields&, std::size_t count);  // nullptr: needs a zone
};

constexpr std::size_t kMaxNumberWidth = 19;
using Count = std::size_t;

constexpr std::array kLetters = {
    Letter{'G', 5, [](const Fields&, Count n) { return era_text(n); }},
    Letter{'u', kMaxNumberWidth, [](const Fields& f, Count n) { return year_text(f.year(), n); }},
    Letter{'y', kMaxNumberWidth, [](const Fields& f, Count n) { return year_text(f.year(), n); }},
    Letter{'Y', kMaxNumberWidth, [](const Fields& f, Count n) { return year_text(f.week_year(), n); }},
    Letter{'D', 3, [](const Fields& f, Count n) { return padded(f.day_of_year, n); }},
    Letter{'M', 5, &write_month},
    Letter{'L', 5, &write_month},
    Letter{'d', 2, [](const Fields& f, Count n) { return padded(f.day(), n); }},
    Letter{'Q', 5, &write_quarter},
    Letter{'q', 5, &write_quarter},
    Letter{'w', 2, [](const Fields& f, Count n) { return padded(f.week_of_year(), n); }},
    Letter{'W', 1, [](const Fields& f, Count) { return std::to_string(f.week_of(f.day())); }},
    Letter{'E', 5, [](const Fields& f, Count n) { return weekday_text(f.weekday, n < 3 ? 3 : n); }},
    Letter{'e', 5, &write_day_of_week},
    Letter{'c', 5, &write_day_of_week},
    Letter{'F', 1, [](const Fields& f, Count) { return std::to_string((f.day() - 1) % 7 + 1); }},
    Letter{'a', 1, [](const Fields& f, Count) { return std::string(f.hour() < 12 ? "AM" : "PM"); }},
    Letter{'h', 2, [](const Fields& f, Count n) { return padded((f.hour() + 11) % 12 + 1, n); }},
    Letter{'K', 2, [](const Fields& f, Count n) { return padded(f.hour() % 12, n); }},
    Letter{'k', 2, [](const Fields& f, Count n) { return padded((f.hour() + 23) % 24 + 1, n); }},
    Letter{'H', 2, [](const Fields& f, Count n) { return padded(f.hour(), n); }},
    Letter{'m', 2, [](const Fields& f, Count n) { return padded(f.second_of_day / 60 % 60, n); }},
    Letter{'s', 2, [](const Fields& f, Count n) { return padded(f.second_of_day % 60, n); }},
    Letter{'S', 9, [](const Fields& f, Count n) { return fraction(f.nanos, n); }},
    Letter{'A', kMaxNumberWidth,
           [](const Fields& f, Count n) { return padded(f.second_of_day * 1000 + f.nanos / 1000000, n); }},
    Letter{'n', kMaxNumberWidth, [](const Fields& f, Count n) { return padded(f.nanos, n); }},
    Letter{'N', kMaxNumberWidth,
           [](const Fields& f, Count n) { return padded(f.second_of_day * 1000000000 + f.nanos, n); }},
    Letter{'V', 2, nullptr},
    Letter{'z', 4, nullptr},
    Letter{'O', 4, nullptr},
    Letter{'X', 5, nullptr},
    Letter{'x', 5, nullptr},
    Letter{'Z', 5, nullptr},
};

const Letter* find_letter(char name) {
  for (const Letter& letter : kLetters)
    if (letter.name == name) return &letter;
  return nullptr;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::size_t run_length(std::string_view pattern, std::size_t at) {
  const std::size_t end = pattern.find_first_not_of(pattern[at], at);
  return (end == std::string_view::npos ? pattern.size() : end) - at;
}

class Formatter {
 public:
  Formatter(std::string_view pattern, const CivilTime& time) : pattern_(pattern), fields_(time) {}

  Result<std::string> format() {
    while (at_ < pattern_.size()) {
      PORPOISE_TRY_VOID(step());
    }
    return std::move(out_);
  }

 private:
  Status step() {
    const char next = pattern_[at_];
    if (is_letter(next)) return letters();
    if (next == '\'') return quoted();
    if (next == '{' || next == '}' || next == '#')
      return fail(ErrorCode::kInvalid, std::string("reserved character \"") + next + "\"; quote it as '" + next + "'");
    ++at_;
    // An optional section: Java leaves it out when it asks for what the time does not have. It never closes here, as
    // the first `]` ends the whole expression.
    if (next == '[') {
      if (!left_out_) optional_from_ = out_.size();
    } else {
      write(std::string_view(&next, 1));
    }
    return {};
  }

  Status letters() {
    std::size_t width = 0;
    if (pattern_[at_] == 'p') {
      width = run_length(pattern_, at_);
      at_ += width;
      if (at_ == pattern_.size() || !is_letter(pattern_[at_]))
        return fail(ErrorCode::kInvalid, "pad letter \"p\" is not followed by another letter");
    }
    const std::size_t count = run_length(pattern_, at_);
    const char name = pattern_[at_];
    at_ += count;
    PORPOISE_TRY(const std::string text, written(name, count));
    if (width != 0 && text.size() > width)
      return fail(ErrorCode::kInvalid, "\"" + text + "\" is wider than its pad of " + std::to_string(width));
    if (width > text.size()) write(std::string(width - text.size(), ' '));
    write(text);
    return {};
  }

  Result<std::string> written(char name, std::size_t count) {
    const Letter* const letter = find_letter(name);
    if (letter == nullptr) return fail(ErrorCode::kInvalid, std::string("unknown pattern letter \"") + name + "\"");
    if (count > letter->max_count || (name == 'c' && count == 2))
      return fail(ErrorCode::kInvalid, std::to_string(count) + " times pattern letter \"" + name +
                                           "\", which allows at most " + std::to_string(letter->max_count));
    if (letter->write != nullptr) return letter->write(fields_, count);
    if (!optional_from_)
      return fail(ErrorCode::kInvalid,
                  std::string("pattern letter \"") + name + "\" needs a zone, which time expressions do not have");
    out_.resize(*optional_from_);
    left_out_ = true;
    return std::string();
  }

  // '…' with '' for one quote, also outside of quotes.
  Status quoted() {
    if (pattern_.substr(at_, 2) == "''") {
      write("'");
      at_ += 2;
      return {};
    }
    for (++at_; at_ < pattern_.size(); ++at_) {
      if (pattern_[at_] == '\'' && pattern_.substr(at_, 2) != "''") {
        ++at_;
        return {};
      }
      if (pattern_[at_] == '\'') ++at_;
      write(pattern_.substr(at_, 1));
    }
    return fail(ErrorCode::kInvalid, "quote ' is not closed");
  }

  void write(std::string_view text) {
    if (!left_out_) out_ += text;
  }

  std::string_view pattern_;
  Fields fields_;
  std::size_t at_ = 0;
  std::string out_;
  std::optional<std::size_t> optional_from_;  // where the innermost optional section began in out_
  bool left_out_ = false;
};

}  // namespace

Result<std::string> format_time(std::string_view pattern, const CivilTime& time) {
  if (!time.in_calendar()) return fail(ErrorCode::kInvalid, "the time is outside of the years 1 to 9999");
  return Formatter(pattern, time).format();
}

}  // namespace porpoise
