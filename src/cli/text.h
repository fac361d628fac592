#pragma once
// Text as a terminal shows it. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace bdaas::cli {

// Columns on the screen of UTF-8 text: wide characters take two, combining marks none.
std::size_t display_width(std::string_view text);

// Cut to `width` columns, the last of them "…" when something is missing.
std::string fit_width(std::string_view text, std::size_t width);

// Filled with blanks on the right up to `width` columns; longer text stays as it is.
std::string pad_right(std::string_view text, std::size_t width);

// Without control characters, so that a name from elsewhere cannot move the cursor.
std::string without_controls(std::string_view text);

// SGR colours; none is nothing.
enum class Colour { none, red, green, yellow, blue, dim, bold };
std::string coloured(std::string_view text, Colour colour);

}  // namespace bdaas::cli
