#include "cli/roff.h"

#include <cstdint>
#include <cstdio>
#include <utility>

#include "cli/commands.h"

namespace porpoise {
namespace {

// The code point at the beginning of `text`, which is taken off. What is no UTF-8 is one byte.
std::uint32_t take_code_point(std::string_view& text) {
  const auto byte = [&text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  std::uint32_t point = first;
  if (length > 1 && text.size() >= length) {
    point = first & (0xFFU >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) point = (point << 6U) | (byte(at) & 0x3FU);
    text.remove_prefix(length);
  } else {
    text.remove_prefix(1);
  }
  return point;
}

std::string_view name_of(char c) {
  switch (c) {
    case '-': return "\\-";
    case '\\': return "\\e";
    case '\'': return "\\(aq";
    case '`': return "\\(ga";
    case '^': return "\\(ha";
    case '~': return "\\(ti";
    case '"': return "\\(dq";
    default: return {};
  }
}

}  // namespace

std::string roff_escaped(std::string_view text) {
  constexpr std::uint32_t kEllipsis = 0x2026;  // no terminal without UTF-8 has it
  std::string escaped;
  bool at_start = true;
  while (!text.empty()) {
    const std::uint32_t point = take_code_point(text);
    if (point == kEllipsis) {
      escaped += "...";
    } else if (point > 0x7F) {
      char named[16];
      std::snprintf(named, sizeof named, "\\[u%04X]", static_cast<unsigned>(point));
      escaped += named;
    } else if (const auto c = static_cast<char>(point); !name_of(c).empty()) {
      escaped += name_of(c);
    } else {
      if (at_start && c == '.') escaped += "\\&";
      escaped += c;
    }
    at_start = point == '\n';
  }
  return escaped;
}

RoffWriter::RoffWriter(std::string name, int section, std::string_view manual, std::string_view summary)
    : page_{std::move(name), section, {}} {
  const BuildFacts& build = build_facts();
  page_.text = ".TH \"" + roff_escaped(page_.name) + "\" \"" + std::to_string(section) + "\" \"" +
               std::string(build.date) + "\" \"porpoise " + std::string(build.version) + "\" \"" + std::string(manual) +
               "\"\n.nh\n.ad l\n";  // words that can be copied, and no gaps between them
  this->section("NAME");
  page_.text += roff_escaped(page_.name) + " \\- " + roff_escaped(summary) + "\n";
}

void RoffWriter::heading(std::string_view macro, std::string_view title) {
  page_.text += std::string(macro) + " \"" + roff_escaped(title) + "\"\n";
  after_heading_ = true;
}

void RoffWriter::section(std::string_view title) { heading(".SH", title); }
void RoffWriter::subsection(std::string_view title) { heading(".SS", title); }

void RoffWriter::separate() {
  if (!std::exchange(after_heading_, false)) page_.text += ".PP\n";
}

void RoffWriter::paragraph(std::string_view text) {
  separate();
  page_.text += roff_escaped(text) + "\n";
}

void RoffWriter::term(std::string_view word, std::string_view value, std::string_view text) {
  after_heading_ = false;
  page_.text += ".TP\n";
  if (!word.empty()) page_.text += "\\fB" + roff_escaped(word) + "\\fR";
  if (!value.empty()) page_.text += (word.empty() ? "\\fI" : " \\fI") + roff_escaped(value) + "\\fR";
  page_.text += "\n" + roff_escaped(text) + "\n";
}

void RoffWriter::continue_term(std::string_view text) { page_.text += ".IP\n" + roff_escaped(text) + "\n"; }

void RoffWriter::verbatim(std::string_view text) {
  separate();
  page_.text += ".nf\n" + roff_escaped(text) + (text.ends_with('\n') ? "" : "\n") + ".fi\n";
}

void RoffWriter::usage(std::string_view command, std::string_view rest) {
  if (!std::exchange(after_heading_, false)) page_.text += ".br\n";
  page_.text += "\\fB" + roff_escaped(command) + "\\fR";
  if (!rest.empty()) page_.text += " " + roff_escaped(rest);
  page_.text += "\n";
}

void RoffWriter::see_also(const std::string& pages) {
  section("SEE ALSO");
  page_.text += roff_escaped(pages) + "\n";
}

ManPage RoffWriter::page() && { return std::move(page_); }

}  // namespace porpoise
