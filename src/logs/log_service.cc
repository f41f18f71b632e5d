#include "logs/log_service.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "logs/app_ids.h"
#include "logs/log_pager.h"

namespace porpoise {
namespace {

// A frame of 43 MiB as base64. Peers of 3.1 have no cap of their own, but hold an answer in memory several times.
constexpr std::size_t kMaxBytes = 32U << 20U;

// Each byte may become three, a lone LF two: at most 30 MiB of text. No API server of 3.1 asks for it.
constexpr std::size_t kMaxWholeBytes = 10U << 20U;

// Neither the path nor the cause: the viewer shows the path itself, and errno texts are for the worker's own log.
std::string explain(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return "[porpoise] This worker has no log of this task: it was not written or has been removed.";
    case ErrorCode::kDenied: return "[porpoise] Refused: this is not the path of a task log of this worker.";
    default: return "[porpoise] This log cannot be read now; the log of the worker says why.";
  }
}

std::string left_out(std::uint64_t bytes) {
  return "[porpoise] This log is too large to be sent as a whole: its first " + std::to_string(bytes) +
         " bytes are left out.";
}

// Every line ended by CRLF, as 3.1 `LoggerUtils.readWholeFileContent` does; empty lines stay empty.
std::string with_crlf(std::string_view rest) {
  std::string text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    append_valid_utf8(text, rest.substr(0, end), std::string::npos);
    text += "\r\n";
    rest.remove_prefix(end);
    rest.remove_prefix(rest.starts_with("\r\n") ? 2 : rest.empty() ? 0 : 1);
  }
  return text;
}

}  // namespace

wire::Outgoing LogService::answer(const wire::ViewLogPage& request) {
  if (request.limit <= 0) return wire::LogPage{};
  Result<std::string> page = noted(root_.open_log(request.path).and_then([&](const UniqueFd& log) {
    return pager_.page(log.get(), request.skip_lines, request.limit);
  }));
  if (page) return wire::LogPage{*std::move(page)};
  return wire::LogPage{request.skip_lines <= 0 ? explain(page.error().code()) + "\r\n" : ""};
}

wire::Outgoing LogService::unread(const wire::ViewLogPage& request) {
  return wire::LogPage{request.skip_lines <= 0 ? explain(ErrorCode::kTimeout) + "\r\n" : ""};
}

wire::Outgoing LogService::unread(const wire::ViewWholeLog&) {
  return wire::WholeLog{explain(ErrorCode::kTimeout) + "\r\n"};
}

wire::Outgoing LogService::answer(const wire::ViewWholeLog& request) {
  const Result<LogTail> tail = noted(
      root_.open_log(request.path).and_then([](const UniqueFd& log) { return read_tail(log.get(), kMaxWholeBytes); }));
  if (!tail) return wire::WholeLog{explain(tail.error().code()) + "\r\n"};
  return wire::WholeLog{(tail->left_out > 0 ? left_out(tail->left_out) + "\r\n" : "") + with_crlf(tail->bytes)};
}

wire::Outgoing LogService::answer(const wire::GetLogBytes& request) {
  Result<LogTail> tail =
      noted(root_.open_log(request.path).and_then([](const UniqueFd& log) { return read_tail(log.get(), kMaxBytes); }));
  if (!tail) return wire::LogBytes{};
  if (tail->left_out > 0) tail->bytes.insert(0, left_out(tail->left_out) + "\n");
  return wire::LogBytes{std::move(tail->bytes)};
}

wire::Outgoing LogService::answer(const wire::RemoveLog& request) {
  return wire::LogRemoved{noted(root_.remove_log(request.path)).has_value()};
}

wire::Outgoing LogService::answer(const wire::GetAppIds& request) {
  Result<std::vector<std::string>> ids =
      noted(root_.open_log(request.path).and_then([](const UniqueFd& log) { return find_app_ids(log.get()); }));
  return wire::AppIds{ids ? *std::move(ids) : std::vector<std::string>()};
}

}  // namespace porpoise
