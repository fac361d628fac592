#include "cli/run/live_area.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text.h"

namespace bdaas::cli {

namespace {

// Columns of a line without its colours.
std::size_t visible_width(std::string_view line) {
  std::string plain;
  while (!line.empty()) {
    const auto escape = std::min(line.find('\x1b'), line.size());
    plain += line.substr(0, escape);
    line.remove_prefix(escape);
    const auto end = line.find('m');
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return display_width(plain);
}

}  // namespace

// Rows the block takes now: a terminal that became narrower has wrapped it.
std::size_t LiveArea::height(std::size_t columns) const {
  std::size_t rows = 0;
  for (const auto width : drawn_) {
    rows += width == 0 ? 1 : (width + columns - 1) / std::max<std::size_t>(1, columns);
  }
  return rows;
}

std::string LiveArea::erase(std::size_t columns) {
  const auto rows = height(columns);
  drawn_.clear();
  if (rows == 0) return {};
  return fmt::format("\r\x1b[{}A\x1b[J", rows);
}

std::string LiveArea::draw(std::vector<std::string> lines, std::size_t columns) {
  std::string frame;
  if (const auto rows = height(columns); rows > 0) frame = fmt::format("\r\x1b[{}A", rows);
  drawn_.clear();
  for (const auto& line : lines) {
    frame += line;
    frame += "\x1b[K\n";
    drawn_.push_back(visible_width(line));
  }
  return frame + "\x1b[J";
}

}  // namespace bdaas::cli
