// A man page as it is written: man(7) macros that both groff and mandoc read without a warning.
//
// Owned by whoever writes a page; any thread. Text is plain: what roff would take for a command is escaped here.
#pragma once

#include <string>
#include <string_view>

namespace porpoise {

// One page. A value.
struct ManPage {
  std::string name;  // "porpoise-worker"
  int section = 1;
  std::string text;

  std::string file_name() const { return name + "." + std::to_string(section); }
};

// `text` as roff shows it letter by letter: dashes that can be copied, no macro at the beginning of a line, a name for
// what is not ASCII.
std::string roff_escaped(std::string_view text);

class RoffWriter {
 public:
  // NAME says `name` and `summary`; `manual` is the book that the page belongs to.
  RoffWriter(std::string name, int section, std::string_view manual, std::string_view summary);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  // `word` in bold and `value` in italics, with `text` below, indented.
  void term(std::string_view word, std::string_view value, std::string_view text);
  void continue_term(std::string_view text);  // one more paragraph of the last term
  void verbatim(std::string_view text);       // with its line breaks, for what is typed
  // "porpoise config show", then `rest`, on a line of its own.
  void usage(std::string_view command, std::string_view rest);
  void see_also(const std::string& pages);  // "porpoise(1), porpoise.yaml(5)"

  ManPage page() &&;

 private:
  void heading(std::string_view macro, std::string_view title);
  void separate();  // a paragraph from what is before it, unless that is a heading

  ManPage page_;
  bool after_heading_ = false;
};

}  // namespace porpoise
