#include "cli/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace bdaas::cli {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// East Asian wide blocks and emoji, after Unicode's EastAsianWidth.txt; coarse.
constexpr std::array kWide = {
    Range{0x1100, 0x115F}, Range{0x2E80, 0xA4CF}, Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F}, Range{0xFF00, 0xFF60}, Range{0x1F300, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

std::size_t columns_of(char32_t c) {
  if (c >= 0x300 && c <= 0x36F) return 0;
  const bool wide = std::any_of(kWide.begin(), kWide.end(), [c](const Range& range) {
    return c >= range.first && c <= range.last;
  });
  return wide ? 2 : 1;
}

struct Decoded {
  char32_t code;
  std::size_t bytes;
};

// The next character; a byte that is no UTF-8 counts as one.
Decoded decode(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
  if (byte < 0x80 || byte < 0xC0 || text.size() < bytes) return {byte, 1};
  char32_t code = byte & (0xFF >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {byte, 1};
    code = (code << 6) | (next & 0x3F);
  }
  return {code, bytes};
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto next = decode(text);
    width += columns_of(next.code);
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string fit_width(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string result;
  std::size_t used = 0;
  for (;;) {
    const auto next = decode(text);
    if (used + columns_of(next.code) > width - 1) return result + "…";
    used += columns_of(next.code);
    result += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
}

std::string pad_right(std::string_view text, std::size_t width) {
  std::string result(text);
  const auto used = display_width(text);
  if (used < width) result.append(width - used, ' ');
  return result;
}

std::string without_controls(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto next = decode(text);
    const bool control = next.code < 0x20 || (next.code >= 0x7F && next.code < 0xA0);
    if (control) {
      result += ' ';
    } else {
      result += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return result;
}

std::string coloured(std::string_view text, Colour colour) {
  constexpr std::array kCodes = {"", "31", "32", "33", "34", "2", "1"};
  if (colour == Colour::none || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(colour)], text);
}

}  // namespace bdaas::cli
