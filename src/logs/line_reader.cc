#include "logs/line_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "logs/read_at.h"

namespace porpoise {
namespace {

constexpr std::size_t kBlockBytes = 64U << 10U;  // what one page is about

}  // namespace

bool LineReader::next(std::size_t keep) {
  held_.clear();
  line_ = {};
  if (at_end()) return false;
  if (std::exchange(after_return_, false) && block_[cursor_] == '\n') {
    ++cursor_;
    if (at_end()) return false;
  }
  line_.begin = block_begin_ + cursor_;
  while (true) {
    const std::size_t end = find_end();
    const std::string_view part(block_.data() + cursor_, end - cursor_);
    const std::string_view wanted = part.substr(0, keep - held_.size());
    line_.bytes += part.size();
    cursor_ = end;
    const bool ended = end < end_;
    if (ended) after_return_ = block_[cursor_++] == '\r';
    if (ended && held_.empty()) {
      line_.kept = wanted;
      return true;
    }
    held_ += wanted;
    line_.kept = held_;
    if (ended) return true;
    if (!fill()) {
      line_.whole = !limited_ && status_.has_value();
      return true;
    }
  }
}

// The end of the line that the cursor is in, or end_.
std::size_t LineReader::find_end() {
  const auto search = [this](char c, std::size_t until) {
    const void* found = std::memchr(block_.data() + cursor_, c, until - cursor_);
    return found == nullptr ? until : static_cast<std::size_t>(static_cast<const char*>(found) - block_.data());
  };
  if (return_ < cursor_) return_ = search('\r', end_);
  return search('\n', return_);
}

bool LineReader::fill() {
  if (!status_) return false;
  limited_ = allowed_ == 0;
  if (limited_) return false;
  block_.resize(kBlockBytes);
  block_begin_ += end_;
  cursor_ = end_ = return_ = 0;
  const auto count = read_at(fd_, block_begin_, block_);
  if (!count) {
    status_ = tl::unexpected<Error>(count.error());
    return false;
  }
  end_ = *count;
  allowed_ -= std::min<std::uint64_t>(allowed_, end_);
  const void* found = std::memchr(block_.data(), '\r', end_);
  return_ = found == nullptr ? end_ : static_cast<std::size_t>(static_cast<const char*>(found) - block_.data());
  return end_ > 0;
}

}  // namespace porpoise
