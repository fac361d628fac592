#include "cli/table.h"

#include <algorithm>
#include <array>

#include "cli/units.h"

namespace bdaas::cli {

namespace {

std::string plain_text(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return without_controls(std::string_view(value.get_string()));
  if (value.is_array()) {
    std::string text;
    for (const auto& item : value.get_array()) {
      if (!text.empty()) text += ", ";
      text += plain_text(item);
    }
    return text;
  }
  return write_json(value);
}

std::string age_text(const json::value& value, Time now) {
  if (!value.is_string()) return {};
  const auto time = from_rfc3339(std::string_view(value.get_string()));
  return time ? human_age(now - *time) : plain_text(value);
}

std::string cell_text(const json::value& row, const Column& column, Time now) {
  const auto* value = find_path(row, column.path);
  if (value == nullptr) return {};
  if (column.show == Show::age) return age_text(*value, now);
  if (column.show == Show::bytes && value->is_int64()) return human_bytes(value->get_int64());
  if (column.show == Show::count && value->is_array()) {
    return std::to_string(value->get_array().size());
  }
  return plain_text(*value);
}

bool right_aligned(const Column& column) {
  return column.show == Show::bytes || column.show == Show::count;
}

bool is_empty(const json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

std::string scalar_line(std::string_view key, const json::value& value, const Look& look) {
  std::string text = plain_text(value);
  if (look.colours && key == "state") text = coloured(text, colour_of_state(text));
  return text;
}

void describe_into(std::string& text, const json::object& object, std::size_t indent,
                   const Look& look) {
  const std::string margin(indent, ' ');
  for (const auto& item : object) {
    const std::string_view key = item.key();
    const json::value& value = item.value();
    if (key == "version" || is_empty(value)) continue;
    if (value.is_object()) {
      text += fmt::format("{}{}:\n", margin, key);
      describe_into(text, value.get_object(), indent + 2, look);
    } else if (value.is_array() && value.get_array()[0].is_object()) {
      text += fmt::format("{}{}:\n", margin, key);
      for (const auto& entry : value.get_array()) {
        std::string block;
        if (entry.is_object()) describe_into(block, entry.get_object(), indent + 4, look);
        if (block.size() > indent + 2) block[indent + 2] = '-';
        text += block;
      }
    } else {
      text += fmt::format("{}{}: {}\n", margin, key, scalar_line(key, value, look));
    }
  }
}

}  // namespace

const json::value* find_path(const json::value& value, std::string_view path) {
  const json::value* found = &value;
  while (!path.empty()) {
    const auto dot = std::min(path.find('.'), path.size());
    if (!found->is_object()) return nullptr;
    found = found->get_object().if_contains(path.substr(0, dot));
    if (found == nullptr) return nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return found;
}

std::string text_at(const json::value& value, std::string_view path) {
  const auto* found = find_path(value, path);
  return found == nullptr ? std::string() : plain_text(*found);
}

Colour colour_of_state(std::string_view state) {
  constexpr std::array kGood = {"Running", "Ready", "Succeeded", "ready", "true"};
  constexpr std::array kBad = {"Failed", "TerminatedWithErrors", "RentFailed", "ReleaseFailed",
                               "Lost",   "Unreachable",          "failed",     "false"};
  constexpr std::array kOver = {"Terminated", "Released", "Cancelled", "Stopped", "stopped"};
  const auto in = [&](const auto& states) {
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  if (in(kGood)) return Colour::green;
  if (in(kBad)) return Colour::red;
  return in(kOver) ? Colour::dim : Colour::yellow;
}

std::string render_table(const json::array& rows, std::span<const Column> columns,
                         const Look& look) {
  if (rows.empty()) return "none\n";
  std::vector<std::vector<std::string>> cells(1);
  for (const auto& column : columns) cells[0].emplace_back(column.title);
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (const auto& column : columns) line.push_back(cell_text(row, column, look.now));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(line[i]));
    }
  }
  std::string text;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& cell = cells[r][i];
      const std::string blanks(widths[i] - display_width(cell), ' ');
      const bool paint = look.colours && r > 0 && columns[i].show == Show::state;
      const auto shown = paint ? coloured(cell, colour_of_state(cell)) : cell;
      if (i > 0) line += "  ";
      line += right_aligned(columns[i]) ? blanks + shown : shown + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string render_description(const json::value& value, const Look& look) {
  std::string text;
  if (value.is_object()) describe_into(text, value.get_object(), 0, look);
  return text;
}

}  // namespace bdaas::cli
