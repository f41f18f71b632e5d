#include "logs/app_ids.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "logs/log_pager.h"

namespace porpoise {
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
