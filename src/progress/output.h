// What people and programs read: a descriptor that knows what its reader can display and survives when the reader goes
// away, and texts and tables cut to fit a terminal.
//
// An Output is owned by the command; one thread; SIGPIPE must be ignored in the process. All else is pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace porpoise {

struct OutputTraits {
  bool terminal = false;  // the cursor can be moved
  bool colors = false;
};

// What the environment says about colours: https://no-color.org, CLICOLOR_FORCE, TERM=dumb.
struct ColorWishes {
  bool no_color_option = false;
  std::string_view no_color = {};  // values of the environment variables, empty when unset
  std::string_view clicolor_force = {};
  std::string_view term = {};
};
OutputTraits decide_traits(bool is_tty, const ColorWishes& wishes);

class Output {
 public:
  Output(int fd, OutputTraits traits) : fd_(fd), traits_(traits) {}

  // All of it, or nothing more ever: a reader that has closed its end does not stop the run.
  void write(std::string_view text);

  // The errno of a write that failed, though the reader was there (ENOSPC, EIO); 0: none has.
  int problem() const { return problem_; }

  const OutputTraits& traits() const { return traits_; }
  // As of now, since windows are resized; 0 when it is no terminal.
  std::size_t columns() const;
  std::size_t lines() const;

 private:
  int fd_;
  OutputTraits traits_;
  bool closed_ = false;
  int problem_ = 0;
};

// --- Text on a terminal, with UTF-8 and colours kept whole.

// How many columns it takes. Escape sequences and combining marks take none, East Asian wide characters and emoji two.
std::size_t display_width(std::string_view text);

// `text`, or its beginning and "…" in at most `columns`. Colour sequences behind the cut stay, so a colour is always
// ended by the one that ended it before.
std::string elide(std::string_view text, std::size_t columns);

// One line of foreign output made harmless for a terminal: only colours survive (and not even these unless `colors`),
// tabs and line feeds become spaces, what else would act on it is shown as base/text.h escape_controls() has it, bytes
// that are not UTF-8 become U+FFFD.
std::string printable(std::string_view line, bool colors);

// --- Colours, durations and tables.

enum class Color { kNone, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// `text` in `color`, or as it is when colours are off.
std::string paint(std::string_view text, Color color, bool enabled);

// "0.3s", "42.0s", "3m05s", "2h07m".
std::string format_duration(std::chrono::milliseconds duration);

// A text table for people: aligned columns, coloured cells, cut to the width. A value.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers
  };
  struct Cell {
    std::string text;
    Color color = Color::kNone;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns; the title row comes by itself.
  void add_row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

  // Ends with a newline. Where `width` is too small for all, the widest columns become narrower first; none becomes
  // narrower than a few characters. 0 means any width.
  std::string render(std::size_t width, bool colors) const;

 private:
  std::vector<std::size_t> widths(std::size_t limit) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace porpoise
