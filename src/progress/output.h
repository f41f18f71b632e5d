// A descriptor that people or programs read: knows what its reader can display and survives when the reader goes away.
//
// Owned by the command; one thread. SIGPIPE must be ignored in the process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

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

  const OutputTraits& traits() const { return traits_; }
  // As of now, since windows are resized; 0 when it is no terminal.
  std::size_t columns() const;
  std::size_t lines() const;

 private:
  int fd_;
  OutputTraits traits_;
  bool closed_ = false;
};

// Text on a terminal: how many columns it takes, and cutting it to a width with UTF-8 and colours kept whole. Pure.

// Escape sequences and combining marks take none, East Asian wide characters and emoji two.
std::size_t display_width(std::string_view text);

// `text`, or its beginning and "…" in at most `columns`. Colour sequences behind the cut stay, so a colour is always
// ended by the one that ended it before.
std::string elide(std::string_view text, std::size_t columns);

// One line of foreign output made harmless for a terminal: only colours survive (and not even these unless `colors`),
// tabs and line feeds become spaces, other control characters vanish, bytes that are not UTF-8 become U+FFFD.
std::string printable(std::string_view line, bool colors);

}  // namespace porpoise
