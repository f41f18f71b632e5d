// A text table for people: aligned columns, coloured cells, the last column cut to the width. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace porpoise {

enum class Color { kNone, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// `text` in `color`, or as it is when colours are off.
std::string paint(std::string_view text, Color color, bool enabled);

// "0.3s", "42.0s", "3m05s", "2h07m".
std::string format_duration(std::chrono::milliseconds duration);

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

  // Ends with a newline. The last column takes what is left of `width`; 0 means any width.
  std::string render(std::size_t width, bool colors) const;

 private:
  std::vector<std::size_t> widths(std::size_t limit) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace porpoise
