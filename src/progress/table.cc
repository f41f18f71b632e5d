#include "progress/table.h"

#include <algorithm>
#include <cstdio>

#include "progress/output.h"

namespace porpoise {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kMinimumLastColumn = 12;  // below it a cut text says nothing: let the terminal wrap instead

std::string_view escape_code(Color color) {
  switch (color) {
    case Color::kNone: return "";
    case Color::kBold: return "\x1B[1m";
    case Color::kDim: return "\x1B[2m";
    case Color::kRed: return "\x1B[31m";
    case Color::kGreen: return "\x1B[32m";
    case Color::kYellow: return "\x1B[33m";
    case Color::kCyan: return "\x1B[36m";
  }
  return "";
}

std::string aligned(std::string text, Color color, bool colors, std::size_t width, bool right) {
  text = elide(text, width);
  const std::size_t used = display_width(text);
  const std::string padding(used < width ? width - used : 0, ' ');
  text = paint(text, color, colors);
  return right ? padding + text : text + padding;
}

void trim_right(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

std::string paint(std::string_view text, Color color, bool enabled) {
  if (!enabled || color == Color::kNone || text.empty()) return std::string(text);
  return std::string(escape_code(color)).append(text).append("\x1B[0m");
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto total_ms = std::max<std::int64_t>(duration.count(), 0);
  const auto seconds = total_ms / 1000;
  char text[48];
  if (seconds < 60)
    std::snprintf(text, sizeof text, "%lld.%llds", static_cast<long long>(seconds),
                  static_cast<long long>(total_ms % 1000 / 100));
  else if (seconds < 3600)
    std::snprintf(text, sizeof text, "%lldm%02llds", static_cast<long long>(seconds / 60),
                  static_cast<long long>(seconds % 60));
  else
    std::snprintf(text, sizeof text, "%lldh%02lldm", static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds / 60 % 60));
  return text;
}

std::vector<std::size_t> Table::widths(std::size_t limit) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(display_width(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  if (limit == 0 || widths.empty()) return widths;
  std::size_t others = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) others += widths[i] + kGap.size();
  const std::size_t room = limit > others ? limit - others : 0;
  widths.back() = std::min(widths.back(), std::max(room, kMinimumLastColumn));
  return widths;
}

std::string Table::render(std::size_t width, bool colors) const {
  const std::vector<std::size_t> column_widths = widths(width);
  std::string text;
  const auto add_line = [&](const auto& cell_of, Color color) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += kGap;
      const Cell cell = cell_of(i);
      const Color shown = color == Color::kNone ? cell.color : color;
      line += aligned(cell.text, shown, colors, column_widths[i], columns_[i].right);
    }
    trim_right(line);
    text += line + "\n";
  };
  add_line([&](std::size_t i) { return Cell{columns_[i].title, Color::kNone}; }, Color::kBold);
  for (const auto& row : rows_) add_line([&](std::size_t i) { return row[i]; }, Color::kNone);
  return text;
}

}  // namespace porpoise
