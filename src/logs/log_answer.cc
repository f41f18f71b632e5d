#include "logs/log_answer.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kAnswerBlockBytes = 48U << 10U;   // of a log; 64 KiB as base64
constexpr std::uint64_t kMeasureBytes = 1U << 20U;      // a turn that only counts what text will take
constexpr std::size_t kSmallAnswerBytes = 512U << 10U;  // a page of control characters, each of six bytes in JSON
constexpr std::size_t kContentBytes = 6 * kAnswerBlockBytes + (1U << 10U);  // the same of a block, and the head

bool is_content(const LogRequest& request) {
  return std::holds_alternative<wire::ViewWholeLog>(request) || std::holds_alternative<wire::GetLogBytes>(request);
}

std::uint64_t base64_size(std::uint64_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace

std::size_t bytes_of_turn(const LogRequest& request) { return is_content(request) ? kContentBytes : kSmallAnswerBytes; }

PageAnswer::PageAnswer(UniqueFd log, const wire::ViewLogPage& request, const wire::Profile& profile,
                       std::int64_t opaque)
    : log_(std::move(log)),
      search_(log_.get(), request.skip_lines, request.limit),
      profile_(profile),
      opaque_(opaque) {}

Result<LogPiece> PageAnswer::next(LogPager& pager, bool hurry) {
  PORPOISE_TRY(auto page, pager.go_on(search_, hurry));
  if (!page) return LogPiece{{}, false};
  return LogPiece{wire::encode(profile_.encode(wire::LogPage{*std::move(page)}, opaque_)), true};
}

AppIdsAnswer::AppIdsAnswer(UniqueFd log, const wire::Profile& profile, std::int64_t opaque)
    : log_(std::move(log)), search_(log_.get()), profile_(profile), opaque_(opaque) {}

Result<LogPiece> AppIdsAnswer::next(LogPager&, bool hurry) {
  PORPOISE_TRY(const bool complete, search_.go_on(kTurnBytes));
  if (!complete && !hurry) return LogPiece{{}, false};
  return LogPiece{wire::encode(profile_.encode(wire::AppIds{search_.ids()}, opaque_)), true};
}

ContentAnswer::ContentAnswer(wire::LogContent content, UniqueFd log, LogTail part, std::string note,
                             const wire::Profile& profile, std::int64_t opaque)
    : content_(content),
      log_(std::move(log)),
      part_(part),
      note_(std::move(note)),
      profile_(profile),
      opaque_(opaque),
      offset_(part.begin) {
  if (content_ != wire::LogContent::kBytes) return;
  size_ = base64_size(note_.size() + (part_.end - part_.begin));
  measured_ = true;
}

// A frame begins with the size of its body, which for text is known only when all of it was looked at.
Result<LogPiece> ContentAnswer::next(LogPager&, bool) {
  if (!measured_) {
    PORPOISE_TRY_VOID(measure());
    return LogPiece{{}, false};
  }
  const wire::LogBody body = profile_.log_body(content_);
  LogPiece piece;
  if (!std::exchange(begun_, true))
    piece.bytes =
        wire::encode_head({body.command, opaque_}, body.before.size() + size_ + body.behind.size()) + body.before;
  PORPOISE_TRY(const std::string content, next_content());
  sent_ += content.size();
  piece.bytes += content;
  piece.last = offset_ == part_.end;
  if (!piece.last) return piece;
  if (sent_ != size_) return fail(ErrorCode::kIo, "the task log was changed while it was read");
  piece.bytes += body.behind;
  return piece;
}

Status ContentAnswer::measure() {
  for (std::uint64_t looked_at = 0; looked_at < kMeasureBytes; looked_at += kAnswerBlockBytes) {
    PORPOISE_TRY(const std::string content, next_content());
    size_ += content.size();
    if (offset_ < part_.end) continue;
    measured_ = true;
    rewind();
    break;
  }
  return {};
}

void ContentAnswer::rewind() {
  offset_ = part_.begin;
  carried_.clear();
  text_ = {};
  noted_ = false;
}

Result<std::string> ContentAnswer::next_content() {
  std::string raw = std::exchange(carried_, {});
  if (!std::exchange(noted_, true)) raw += note_;
  const std::size_t had = raw.size();
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kAnswerBlockBytes, part_.end - offset_));
  raw.resize(had + wanted);
  PORPOISE_TRY(const std::size_t count, read_at(log_.get(), offset_, std::span(raw).subspan(had)));
  if (count < wanted) return fail(ErrorCode::kIo, "the task log became shorter while it was read");
  offset_ += count;
  return written(raw, offset_ == part_.end);
}

std::string ContentAnswer::written(std::string_view raw, bool last) {
  if (content_ == wire::LogContent::kText) return profile_.log_piece(content_, text_.feed(raw, last));
  if (!last) {
    const std::size_t whole = raw.size() / 3 * 3;
    carried_ = raw.substr(whole);
    raw = raw.substr(0, whole);
  }
  return profile_.log_piece(content_, raw);
}

}  // namespace porpoise
