#include "taskhost/task_output.h"

#include <algorithm>

#include "base/text.h"
#include "taskhost/limits.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxNewsBytes = 4096;
constexpr std::size_t kMaxShownParameter = 100;

}  // namespace

void TaskOutput::finish() {
  children_.lines.finish(children_.sink);
  plugin_.lines.finish(plugin_.sink);
}

void TaskOutput::take(const LineSplitter::Line& line, PasswordMask& mask) {
  const bool whole = !line.continues && !line.goes_on;
  if (whole && (line.text.starts_with('$') || line.text.starts_with('#')))
    if (const auto capture = parse_set_value(line.text)) return set(*capture);
  if (line.goes_on && !line.continues)
    if (const auto name = set_value_name(line.text)) refuse(*name);
  if (line.text.size() > kMaxLineBytes) return print_in_parts(line.text, mask);
  print(line, mask);
  if (line.goes_on)
    log_.output("[this line continues: it is cut after " + std::to_string(line.text.size()) + " bytes]");
}

// The log hides passwords in a line; only here it is known how lines that were cut belong together.
void TaskOutput::print(const LineSplitter::Line& line, PasswordMask& mask) {
  std::string piece;
  std::string_view text = line.text;
  if (line.continues || line.goes_on) {
    piece = line.text;
    mask.mask(piece, line.goes_on);
    text = piece;
  }
  log_.output(text);
  has_news_ = true;
  news_.assign(cut_utf8(text, kMaxNewsBytes));
  mask_passwords(news_);
}

// One that began like a parameter's and turned out to be none.
void TaskOutput::print_in_parts(std::string_view text, PasswordMask& mask) {
  for (bool continues = false; !text.empty(); continues = true) {
    const std::string_view piece = cut_utf8(text, kMaxLineBytes);
    text.remove_prefix(piece.size());
    print({piece, continues, !text.empty()}, mask);
  }
}

bool TaskOutput::is_declared(std::string_view name) const {
  return std::any_of(declared_.begin(), declared_.end(), [&](const Property& property) {
    return property.direct == Direct::kOut && property.prop == name;
  });
}

void TaskOutput::refuse(std::string_view name) {
  const std::string text = "the value of OUT parameter '" + std::string(cut_utf8(name, kMaxShownParameter)) +
                           "' is larger than " + std::to_string(kMaxVariableBytes >> 20U) + " MiB";
  log_.write(LogLevel::kError, text);
  if (is_declared(name) && refusal_.empty()) refusal_ = text;
}

void TaskOutput::set(const Capture& capture) {
  const bool wanted = is_declared(capture.name);
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
