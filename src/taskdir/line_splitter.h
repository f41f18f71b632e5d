// Cuts a stream of bytes into lines, the way Java's BufferedReader does (3.1 reads output with it): CR, LF and CRLF all
// end a line, so that a progress bar is many short lines.
//
// Memory is bounded: a line longer than the limit is handed over in parts. One stream, one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace porpoise {

// Log viewers of 3.1 cut a line at 65535 bytes (`LoggerRequestProcessor`); ours and its prefix stay below.
inline constexpr std::size_t kMaxLineBytes = 60000;

// A line that sets a parameter must be whole to count. Fits, with its name, into a packet of the size that Linux lets a
// socket send by default.
inline constexpr std::size_t kMaxSetValueBytes = 128U << 10U;

class LineSplitter {
 public:
  struct Line {
    std::string_view text;
    bool continues = false;  // the line before was cut here
    bool goes_on = false;    // the limit was reached, the next one continues it
  };
  using Sink = std::function<void(const Line& line)>;

  void feed(std::string_view bytes, const Sink& sink);
  // The stream has ended: hands over a last line without a line end.
  void finish(const Sink& sink);

 private:
  void hold(std::string_view part, const Sink& sink);
  void emit(std::string_view text, bool goes_on, const Sink& sink);

  std::string held_;  // the line so far, when it reached over the end of what was fed
  bool continues_ = false;
  bool after_return_ = false;  // a line feed now belongs to the CR before it
};

}  // namespace porpoise
