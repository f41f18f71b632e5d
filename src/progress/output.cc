#include "progress/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/text.h"

namespace porpoise {
namespace {

winsize window_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {24, 80, 0, 0};
  return size;
}

// True when writing is worth another try.
bool wait_writable(int fd) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;  // EPIPE, EIO (the terminal is gone), ENOSPC
  pollfd ready{fd, POLLOUT, 0};
  return ::poll(&ready, 1, -1) >= 0 || errno == EINTR;
}

}  // namespace

OutputTraits decide_traits(bool is_tty, const ColorWishes& wishes) {
  OutputTraits traits;
  traits.terminal = is_tty && wishes.term != "dumb";
  const bool forced = !wishes.clicolor_force.empty() && wishes.clicolor_force != "0";
  const bool forbidden = wishes.no_color_option || !wishes.no_color.empty();
  traits.colors = !forbidden && (traits.terminal || forced);
  return traits;
}

void Output::write(std::string_view text) {
  while (!closed_ && !text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (!wait_writable(fd_)) {
      closed_ = true;
      if (errno != EPIPE) problem_ = errno;
    }
  }
}

std::size_t Output::columns() const { return traits_.terminal ? window_of(fd_).ws_col : 0; }
std::size_t Output::lines() const { return traits_.terminal ? window_of(fd_).ws_row : 0; }

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

enum class Kind { kCharacter, kColor, kControl, kBroken };

// The smallest unit that may not be cut.
struct Piece {
  std::string_view bytes;
  Kind kind = Kind::kCharacter;
  std::size_t columns = 1;
};

using Range = std::pair<char32_t, char32_t>;

bool in(const auto& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return point >= range.first && point <= range.second; });
}

std::size_t columns_of(char32_t point) {
  // Combining marks, zero-width spaces and joiners, variation selectors.
  static constexpr std::array<Range, 6> kNarrow{
      {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}}};
  // Hangul, CJK, kana, full-width forms, emoji: the blocks of Unicode's East Asian Width "W" that occur in practice.
  static constexpr std::array<Range, 8> kWide{{{0x1100, 0x115F},
                                               {0x2E80, 0xA4CF},
                                               {0xAC00, 0xD7A3},
                                               {0xF900, 0xFAFF},
                                               {0xFE30, 0xFE6F},
                                               {0xFF00, 0xFF60},
                                               {0x1F300, 0x1FAFF},
                                               {0x20000, 0x3FFFD}}};
  if (in(kNarrow, point)) return 0;
  return in(kWide, point) ? 2 : 1;
}

// CSI "ESC [ parameters letter"; anything else after ESC is one control of two bytes.
Piece escape_piece(std::string_view text) {
  if (text.size() < 2 || text[1] != '[')
    return {text.substr(0, std::min<std::size_t>(2, text.size())), Kind::kControl, 0};
  std::size_t end = 2;
  while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40) ++end;
  const bool complete = end < text.size();
  return {text.substr(0, complete ? end + 1 : end), complete && text[end] == 'm' ? Kind::kColor : Kind::kControl, 0};
}

Piece utf8_piece(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {text.substr(0, 1), Kind::kBroken, 1};
  char32_t point = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return {text.substr(0, 1), Kind::kBroken, 1};
    point = (point << 6U) | (next & 0x3FU);
  }
  // C1 controls, of which 0x9B is another CSI, and marks that turn the direction of writing.
  const std::string_view bytes = text.substr(0, size);
  if (escape_controls(bytes) != bytes) return {bytes, Kind::kControl, 0};
  return {text.substr(0, size), Kind::kCharacter, columns_of(point)};
}

// `text` is not empty.
Piece first_piece(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == 0x1B) return escape_piece(text);
  if (first < 0x20 || first == 0x7F) return {text.substr(0, 1), Kind::kControl, 0};
  if (first < 0x80) return {text.substr(0, 1), Kind::kCharacter, 1};
  return utf8_piece(text);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    width += piece.columns;
    text.remove_prefix(piece.bytes.size());
  }
  return width;
}

std::string elide(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::string cut;
  std::size_t used = 0;
  bool full = columns == 0;  // then not even the "…" fits
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    if (!full && used + piece.columns > columns - 1) {
      cut += "…";
      full = true;
    }
    if (!full || piece.kind == Kind::kColor) cut += piece.bytes;
    used += piece.columns;
    text.remove_prefix(piece.bytes.size());
  }
  return cut;
}

std::string printable(std::string_view line, bool colors) {
  std::string clean;
  bool colored = false;
  while (!line.empty()) {
    const Piece piece = first_piece(line);
    if (piece.kind == Kind::kCharacter) clean += piece.bytes;
    if (piece.kind == Kind::kBroken) clean += kReplacement;
    if (piece.bytes == "\t")
      clean += "  ";
    else if (piece.bytes == "\n")
      clean += ' ';
    else if (piece.kind == Kind::kControl)
      clean += escape_controls(piece.bytes);
    if (piece.kind == Kind::kColor && colors) {
      clean += piece.bytes;
      colored = true;
    }
    line.remove_prefix(piece.bytes.size());
  }
  return colored ? clean + "\x1B[0m" : clean;
}

namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kNarrowest = 6;  // below it a cut text says nothing: let the terminal wrap instead

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
  std::size_t total = kGap.size() * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  for (; total > limit; --total) {
    const auto widest = std::max_element(widths.rbegin(), widths.rend());  // of equal ones the last
    if (*widest <= kNarrowest) break;
    --*widest;
  }
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
