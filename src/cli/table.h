#pragma once
// Answers of the API as text for people. A list is a table whose columns are rows of data; unknown
// members of newer managers do no harm. Pure.

#include <span>
#include <string>

#include "base/json.h"
#include "cli/text.h"

namespace bdaas::cli {

enum class Show { text, state, age, bytes, count };

struct Column {
  std::string_view title;
  std::string_view path;  // "status.state"
  Show show = Show::text;
};

struct Look {
  Time now{};
  bool colours = false;
};

// Title line and one line a row, columns aligned. No row: "none\n".
std::string render_table(const json::array& rows, std::span<const Column> columns,
                         const Look& look);

// "name: value" lines, inner objects indented; empty members and our bookkeeping (version) left
// out.
std::string render_description(const json::value& value, const Look& look);

// The member at a dotted path, or nothing.
const json::value* find_path(const json::value& value, std::string_view path);

// What the member at a dotted path says; "" when it is absent.
std::string text_at(const json::value& value, std::string_view path);

// Of a state of any noun.
Colour colour_of_state(std::string_view state);

}  // namespace bdaas::cli
