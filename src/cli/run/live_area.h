#pragma once
// A block of lines at the bottom of a terminal, drawn again in place, with other text scrolling
// above it. Makes the bytes; writes nothing. One frame is one string, so that it can be one write:
// nothing flickers.

#include <string>
#include <string_view>
#include <vector>

namespace bdaas::cli {

class LiveArea {
 public:
  // The block's new content. Lines hold no '\n' and are at most `columns` wide but for colours.
  std::string draw(std::vector<std::string> lines, std::size_t columns);

  // Takes the block off the screen; the cursor stands where it began.
  std::string erase(std::size_t columns);

 private:
  std::size_t height(std::size_t columns) const;

  std::vector<std::size_t> drawn_;  // widths of the lines that stand on the screen
};

}  // namespace bdaas::cli
