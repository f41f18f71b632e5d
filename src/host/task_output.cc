#include "host/task_output.h"

#include <algorithm>

#include "base/utf8.h"
#include "host/limits.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxNewsBytes = 4096;

}  // namespace

void TaskOutput::finish() {
  children_.finish(sink_);
  plugin_.finish(sink_);
}

void TaskOutput::take(const LineSplitter::Line& line) {
  const bool whole = !line.continues && !line.goes_on;
  if (whole && (line.text.starts_with('$') || line.text.starts_with('#')))
    if (const auto capture = parse_set_value(line.text)) return set(*capture);
  log_.output(line.text);
  if (line.goes_on) log_.output("[this line goes on: it is cut after " + std::to_string(line.text.size()) + " bytes]");
  has_news_ = true;
  news_.assign(cut_utf8(line.text, kMaxNewsBytes));
}

void TaskOutput::set(const Capture& capture) {
  on_set_(capture);
  const bool wanted = std::any_of(declared_.begin(), declared_.end(), [&](const Property& property) {
    return property.direct == Direct::kOut && property.prop == capture.name;
  });
  // What nobody declared is not kept. But the defaults apply only when nothing at all was set, so one nameless capture
  // stands for all of those.
  const Capture kept = wanted ? capture : Capture{};
  const auto known =
      std::find_if(captures_.begin(), captures_.end(), [&](const Capture& other) { return other.name == kept.name; });
  if (known == captures_.end())
    captures_.push_back(kept);
  else
    known->value = kept.value;
}

std::string TaskOutput::take_news() {
  has_news_ = false;
  return std::move(news_);
}

}  // namespace porpoise
