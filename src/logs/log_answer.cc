#include "logs/log_answer.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "logs/log_pager.h"

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

namespace {

constexpr std::string_view kPrefix = "application_";
constexpr std::size_t kScanBlockBytes = 64U << 10U;
constexpr std::uint64_t kMaxSearchedBytes = 1U << 30U;
constexpr std::size_t kMaxIds = 1024;     // one task names one job, a loop of submits some
constexpr std::size_t kMaxIdBytes = 128;  // YARN's have about 30; a longer run of digits is not one of its ids

// The bytes of the id that `text` begins with, 0 if none. Nothing when it ends too early to tell.
std::optional<std::size_t> id_length(std::string_view text, bool last) {
  const auto digits_end = [text](std::size_t from) {
    return std::min(text.find_first_not_of("0123456789", from), text.size());
  };
  const std::size_t first_end = digits_end(kPrefix.size());
  if (first_end == text.size() && !last) return std::nullopt;
  if (first_end == kPrefix.size() || first_end == text.size() || text[first_end] != '_') return 0;
  const std::size_t end = digits_end(first_end + 1);
  if (end == text.size() && !last) return std::nullopt;
  return end == first_end + 1 ? 0 : end;
}

}  // namespace

void AppIdScan::feed(std::string_view bytes) {
  pending_ += bytes;
  scan(false);
}

void AppIdScan::finish() {
  scan(true);
  pending_.clear();
}

void AppIdScan::scan(bool last) {
  std::string_view rest = pending_;
  const auto keep = [&](std::string_view kept) { pending_.erase(0, pending_.size() - kept.size()); };
  while (true) {
    if (skip_line_) {
      const std::size_t end = rest.find_first_of("\r\n");
      if (end == std::string_view::npos) return keep({});
      rest.remove_prefix(end);
      skip_line_ = false;
    }
    const std::size_t found = rest.find(kPrefix);
    if (found == std::string_view::npos) break;
    rest.remove_prefix(found);
    std::optional<std::size_t> length = id_length(rest, last);
    if (!length && rest.size() <= kMaxIdBytes) return keep(rest);
    if (!length || *length > kMaxIdBytes) length = 0;
    if (*length > 0) add(rest.substr(0, *length));
    skip_line_ = *length > 0;
    rest.remove_prefix(std::max(*length, kPrefix.size()));
  }
  keep(rest.substr(rest.size() - std::min(rest.size(), kPrefix.size() - 1)));  // it may be a beginning of the prefix
}

void AppIdScan::add(std::string_view id) {
  if (ids_.size() < kMaxIds && std::find(ids_.begin(), ids_.end(), id) == ids_.end()) ids_.emplace_back(id);
}

Result<bool> AppIdSearch::go_on(std::uint64_t max_bytes) {
  std::vector<char> block(kScanBlockBytes);
  const std::uint64_t until = std::min(offset_ + max_bytes, kMaxSearchedBytes);
  while (offset_ < until) {
    PORPOISE_TRY(const std::size_t count, read_at(fd_, offset_, block));
    scan_.feed({block.data(), count});
    offset_ += count;
    if (count < block.size()) {
      scan_.finish();
      return true;
    }
  }
  if (offset_ < kMaxSearchedBytes) return false;
  scan_.finish();
  return true;
}

}  // namespace porpoise
