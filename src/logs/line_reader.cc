#include "logs/log_pager.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kBlockBytes = 64U << 10U;  // what one page is about

}  // namespace

bool LineReader::next(std::size_t keep) {
  if (!std::exchange(in_line_, false) && !begin_line()) return false;
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
      in_line_ = paused_;
      if (paused_) return false;
      line_.whole = !limited_ && status_.has_value();
      return true;
    }
  }
}

bool LineReader::begin_line() {
  held_.clear();
  line_ = {};
  if (at_end()) return false;
  if (std::exchange(after_return_, false) && block_[cursor_] == '\n') {
    ++cursor_;
    if (at_end()) return false;
  }
  line_.begin = block_begin_ + cursor_;
  return true;
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
  paused_ = before_pause_ == 0;
  if (paused_) return false;
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
  before_pause_ -= std::min<std::uint64_t>(before_pause_, end_);
  const void* found = std::memchr(block_.data(), '\r', end_);
  return_ = found == nullptr ? end_ : static_cast<std::size_t>(static_cast<const char*>(found) - block_.data());
  return end_ > 0;
}

namespace {

constexpr std::size_t kMaxMarks = 4096;  // 64 KiB of memory; a log of 256 MiB before marks get sparser
constexpr std::size_t kMaxFiles = 64;    // as many people reading logs at once; 4 MiB at the very most
constexpr std::size_t kSealBytes = 64;   // a line's time stamp and more

}  // namespace

LineIndex::Mark LineIndex::before(std::uint64_t line) const {
  const auto behind = std::upper_bound(marks_.begin(), marks_.end(), line,
                                       [](std::uint64_t l, const Mark& mark) { return l < mark.line; });
  return behind == marks_.begin() ? Mark{} : *std::prev(behind);
}

void LineIndex::note(Mark mark) {
  const std::uint64_t last = marks_.empty() ? 0 : marks_.back().offset;
  if (mark.offset < last + stride_) return;
  if (marks_.size() == kMaxMarks) {
    // Every second one goes; the last stays, so that reading on begins where it ended.
    std::size_t kept = 0;
    for (std::size_t i = 1; i < marks_.size(); i += 2) marks_[kept++] = marks_[i];
    marks_.resize(kept);
    stride_ *= 2;
  }
  marks_.push_back(mark);
}

void LineIndex::seal(int fd) {
  const std::uint64_t last = marks_.empty() ? 0 : marks_.back().offset;
  if (last == sealed_) return;
  before_last_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(last, kSealBytes)));
  const auto count = read_at(fd, last - before_last_.size(), before_last_);
  if (!count || *count != before_last_.size()) {
    *this = LineIndex();  // it shrank under our eyes
    return;
  }
  sealed_ = last;
}

bool LineIndex::still_fits(int fd, std::uint64_t size) const {
  if (size < sealed_) return false;
  std::string now(before_last_.size(), '\0');
  const auto count = read_at(fd, sealed_ - now.size(), now);
  return count && *count == now.size() && now == before_last_;
}

LineIndex& LineIndexes::of(int fd, dev_t device, ino_t inode, std::uint64_t size) {
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.device == device && entry.inode == inode; });
  if (known != entries_.end()) {
    std::rotate(entries_.begin(), known, std::next(known));
    if (!entries_.front().index.still_fits(fd, size)) entries_.front().index = LineIndex();
  } else {
    if (entries_.size() == kMaxFiles) entries_.pop_back();
    entries_.insert(entries_.begin(), Entry{device, inode, LineIndex()});
  }
  return entries_.front().index;
}

}  // namespace porpoise
