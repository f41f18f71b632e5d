#include "openmldb/table_text.h"

#include <algorithm>

namespace porpoise::openmldb {
namespace {

constexpr std::size_t kMaxRows = 20;
constexpr std::size_t kMaxColumns = 12;
constexpr std::size_t kMaxCellChars = 40;
constexpr std::size_t kMaxTextLines = 40;
constexpr std::size_t kMaxTextChars = 160;  // of one line

using Line = std::vector<std::string>;

// Characters, not bytes. Wide scripts stand a little out of line, which a log can bear.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cell_text(const Cell& cell) { return cell ? headline(*cell, kMaxCellChars) : "NULL"; }

Line row_line(const std::vector<Cell>& row) {
  Line line;
  for (std::size_t i = 0; i < std::min(row.size(), kMaxColumns); ++i) line.push_back(cell_text(row[i]));
  return line;
}

std::string join_padded(const Line& line, const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (i > 0) text += " | ";
    text += line[i];
    if (i + 1 < line.size()) text.append(widths[i] - width(line[i]), ' ');
  }
  return text;
}

std::string more(std::size_t count, std::string_view what) {
  return count == 0 ? "" : "\n… and " + std::to_string(count) + " more " + std::string(what) + (count == 1 ? "" : "s");
}

// SHOW JOBLOG, DESC and an offline SELECT give one cell that is a text for people already.
bool is_text(const Table& table) {
  return table.rows.size() == 1 && table.rows[0].size() == 1 &&
         table.rows[0][0].value_or("").find('\n') != std::string::npos;
}

std::string bounded_text(std::string_view text) {
  std::string result;
  std::size_t lines = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    if (width(line) > kMaxTextChars) line = headline(line, kMaxTextChars);
    if (lines++ < kMaxTextLines) result += (result.empty() ? "" : "\n") + line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result + more(lines - std::min(lines, kMaxTextLines), "line");
}

}  // namespace

std::string table_text(const Table& table) {
  if (table.rows.empty()) return {};
  if (is_text(table)) return bounded_text(*table.rows[0][0]);
  std::vector<Line> lines = {Line(table.heads.begin(), table.heads.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                                 table.heads.size(), kMaxColumns)))};
  for (std::size_t i = 0; i < std::min(table.rows.size(), kMaxRows); ++i) lines.push_back(row_line(table.rows[i]));
  std::vector<std::size_t> widths(kMaxColumns, 0);
  for (const Line& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  std::string text;
  for (const Line& line : lines) text += (text.empty() ? "" : "\n") + join_padded(line, widths);
  const std::size_t columns = table.rows.front().size();
  return text + more(columns - std::min(columns, kMaxColumns), "column") +
         more(table.rows.size() - std::min(table.rows.size(), kMaxRows), "row");
}

}  // namespace porpoise::openmldb
