#include "observe/log.h"

#include <spdlog/details/console_globals.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace porpoise {

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase(secrets_, std::string());
}

std::string Redactor::apply(std::string_view text) const {
  // All are found in the text as it was: replacing one by one would leave the rest of a secret that overlaps another.
  std::vector<std::pair<std::size_t, std::size_t>> found;  // begin, end
  for (const std::string& secret : secrets_)
    for (std::size_t at = text.find(secret); at != std::string_view::npos; at = text.find(secret, at + 1))
      found.emplace_back(at, at + secret.size());
  if (found.empty()) return std::string(text);

  std::sort(found.begin(), found.end());
  std::string redacted;
  std::size_t done = 0;
  for (std::size_t i = 0; i < found.size();) {
    const std::size_t begin = found[i].first;
    std::size_t end = found[i].second;
    for (++i; i < found.size() && found[i].first <= end; ++i) end = std::max(end, found[i].second);
    redacted.append(text.substr(done, begin - done)).append("****");
    done = end;
  }
  return redacted.append(text.substr(done));
}

namespace {

constexpr std::size_t kMaxMessageBytes = 8192;  // an error with its causes is far shorter; journald cuts at 48 KiB
constexpr std::size_t kMaxFieldBytes = 2048;

// DEBUG, INFO, WARN, ERROR: spdlog writes them in lower case.
class LevelName : public spdlog::custom_flag_formatter {
 public:
  explicit LevelName(std::size_t width) : width_(width) {}

  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string name = line.level == spdlog::level::debug  ? "DEBUG"
                       : line.level == spdlog::level::info ? "INFO"
                       : line.level == spdlog::level::warn ? "WARN"
                                                           : "ERROR";
    name.resize(std::max(name.size(), width_), ' ');
    out.append(name.data(), name.data() + name.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override { return std::make_unique<LevelName>(width_); }

 private:
  const std::size_t width_;
};

std::unique_ptr<spdlog::formatter> make_formatter(bool json) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelName>('*', json ? 0U : 5U);
  formatter->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%*",%v})"
                              : "%Y-%m-%d %H:%M:%S.%e %^%*%$ %v");
  return formatter;
}

Result<spdlog::level::level_enum> parse_level(const std::string& text) {
  if (text == "debug") return spdlog::level::debug;
  if (text == "info") return spdlog::level::info;
  if (text == "warn") return spdlog::level::warn;
  if (text == "error") return spdlog::level::err;
  return fail(ErrorCode::kInvalid, "log level '" + text + "' is none of debug, info, warn, error" +
                                       did_you_mean(text, {"debug", "info", "warn", "error"}));
}

std::string cut(std::string text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  return std::string(cut_utf8(text, max_bytes)) + "…";
}

// A line break or an escape sequence from outside must not look like another line or act on a terminal. What JSON
// escapes itself is left to it.
constexpr std::string_view kJsonEscapes("\b\f\n\r\t");

std::string in_quotes(std::string_view text) { return dump_json(Json(escape_controls(text, kJsonEscapes))); }

bool needs_quotes(std::string_view text) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:;/@+*%~!?()[]{}<>|&$#^";
  return text.empty() || text.find_first_not_of(kSafe) != std::string_view::npos;
}

std::string to_json_text(const std::variant<bool, std::int64_t, double, std::string_view>& value,
                         const Redactor& redactor) {
  if (const auto* text = std::get_if<std::string_view>(&value))
    return in_quotes(cut(redactor.apply(*text), kMaxFieldBytes));
  if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return dump_json(Json(std::get<double>(value)));
}

std::string to_plain_text(const LogField& field, const Redactor& redactor) {
  const auto* const text = std::get_if<std::string_view>(&field.value);
  if (text == nullptr) return to_json_text(field.value, redactor);
  std::string plain = cut(redactor.apply(*text), kMaxFieldBytes);
  return needs_quotes(plain) ? in_quotes(plain) : plain;
}

}  // namespace

struct Log::Impl {
  Impl(const LogSettings& settings, spdlog::level::level_enum level)
      : json(settings.json),
        redactor(settings.secrets),
        logger("porpoise", std::make_shared<spdlog::sinks::ansicolor_sink<spdlog::details::console_mutex>>(
                               settings.target, settings.json || settings.no_color ? spdlog::color_mode::never
                                                                                   : spdlog::color_mode::automatic)) {
    logger.set_formatter(make_formatter(settings.json));
    logger.set_level(level);
  }

  void write(spdlog::level::level_enum level, std::string_view message, LogFields fields) {
    if (!logger.should_log(level)) return;
    const std::string safe = cut(redactor.apply(message), kMaxMessageBytes);
    std::string line = json ? "\"message\":" + in_quotes(safe) : escape_controls(safe);
    for (const LogField& field : fields)
      if (json)
        line.append(",\"").append(field.key).append("\":").append(to_json_text(field.value, redactor));
      else
        line.append(" ").append(field.key).append("=").append(to_plain_text(field, redactor));
    logger.log(level, spdlog::string_view_t(line));
  }

  const bool json;
  const Redactor redactor;
  spdlog::logger logger;
};

Result<Log> Log::open(const LogSettings& settings) {
  PORPOISE_TRY(const spdlog::level::level_enum level, parse_level(settings.level));
  return Log(std::make_unique<Impl>(settings, level));
}

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Log::Log(Log&&) noexcept = default;
Log::~Log() = default;

Status Log::set_level(const std::string& level) {
  PORPOISE_TRY(const spdlog::level::level_enum parsed, parse_level(level));
  impl_->logger.set_level(parsed);
  return {};
}

void Log::debug(std::string_view message, LogFields fields) { impl_->write(spdlog::level::debug, message, fields); }
void Log::info(std::string_view message, LogFields fields) { impl_->write(spdlog::level::info, message, fields); }
void Log::warn(std::string_view message, LogFields fields) { impl_->write(spdlog::level::warn, message, fields); }
void Log::error(std::string_view message, LogFields fields) { impl_->write(spdlog::level::err, message, fields); }

void RateLimitedLog::warn(std::string_view message, LogFields fields, Clock::time_point now) {
  if (now - began_ >= std::chrono::seconds(1)) {
    began_ = now;
    const std::uint64_t before = std::exchange(lines_, 0);
    if (before > kLinesASecond)
      log_.warn("more warnings about peers were not written", {{"count", before - kLinesASecond}});
  }
  if (++lines_ <= kLinesASecond) log_.warn(message, fields);
}

}  // namespace porpoise
