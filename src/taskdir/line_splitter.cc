#include "taskdir/line_splitter.h"

#include <algorithm>

#include "base/utf8.h"

namespace porpoise {
namespace {

// A parameter that a task sets is one line, however long; it is held back until it is whole.
std::size_t limit_of(std::string_view line) {
  const bool sets_value = line.starts_with("${setValue(") || line.starts_with("#{setValue(");
  return sets_value ? kMaxSetValueBytes : kMaxLineBytes;
}

}  // namespace

void LineSplitter::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (after_return_ && bytes.front() == '\n') bytes.remove_prefix(1);
    after_return_ = false;
    const auto end = std::find_if(bytes.begin(), bytes.end(), [](char c) { return c == '\n' || c == '\r'; });
    const std::string_view part = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
    if (end == bytes.end()) return hold(part, sink);
    if (held_.empty() && part.size() <= kMaxLineBytes) {
      emit(part, false, sink);
    } else {
      hold(part, sink);
      emit(held_, false, sink);
      held_.clear();
    }
    after_return_ = *end == '\r';
    bytes.remove_prefix(part.size() + 1);
  }
}

void LineSplitter::finish(const Sink& sink) {
  if (!held_.empty()) emit(held_, false, sink);
  held_.clear();
}

void LineSplitter::hold(std::string_view part, const Sink& sink) {
  held_ += part;
  std::string_view rest = held_;
  for (std::size_t limit = limit_of(rest); rest.size() > limit; limit = limit_of(rest)) {
    const std::string_view piece = cut_utf8(rest, limit);
    emit(piece, true, sink);
    rest.remove_prefix(piece.size());
  }
  held_.erase(0, held_.size() - rest.size());
}

void LineSplitter::emit(std::string_view text, bool goes_on, const Sink& sink) {
  sink({text, continues_, goes_on});
  continues_ = goes_on;
}

}  // namespace porpoise
