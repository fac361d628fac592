#include "cli/help.h"

#include <algorithm>

#include "cli/text.h"

namespace bdaas::cli {

namespace {

struct Line {
  std::string left;
  std::string_view right;
};

// Two columns, as wide as the left one needs.
std::string columns(const std::vector<Line>& lines) {
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, display_width(line.left));
  std::string text;
  for (const auto& line : lines) {
    text += fmt::format("  {}  {}\n", pad_right(line.left, width), line.right);
  }
  return text;
}

std::string usage_of(const Positional& positional) {
  switch (positional.count) {
    case Count::one:
      return std::string(positional.name);
    case Count::optional:
      return fmt::format("[{}]", positional.name);
    case Count::many:
      return fmt::format("{}…", positional.name);
    case Count::any:
      return fmt::format("[{}…]", positional.name);
  }
  return {};
}

std::string left_of(const Option& option) {
  std::string text;
  if (option.letter != 0) text = fmt::format("-{}, ", option.letter);
  text += option.name;
  if (!option.value.empty()) text += fmt::format(" {}", option.value);
  if (option.repeated) text += " …";
  return text;
}

std::string usage_of(const Command& command) {
  std::string text = fmt::format("bdaas {}", command.name());
  for (const auto& p : command.how.positionals) text += fmt::format(" {}", usage_of(p));
  text += " [options]";
  if (command.how.takes_rest) text += " [-- ARGS…]";
  return text;
}

std::vector<Line> options_of(const Command& command) {
  std::vector<Line> lines;
  for (const auto& option : command.how.options) lines.push_back({left_of(option), option.help});
  lines.push_back({left_of(kJson), kJson.help});
  return lines;
}

std::string exit_codes() {
  std::vector<Line> lines;
  for (const auto& row : kExitCodes) {
    lines.push_back({std::to_string(static_cast<int>(row.code)), row.meaning});
  }
  return fmt::format("\nExit codes:\n{}", columns(lines));
}

}  // namespace

std::string overview_help(std::span<const Command> commands) {
  std::string text =
      "Runs a program on data on a real Spark cluster, and hands back one archive.\n\n"
      "Usage: bdaas COMMAND [options], bdaas COMMAND -h\n";
  std::vector<Line> lines;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto& command = commands[i];
    if (i == 0 || commands[i - 1].group != command.group) {
      text += columns(lines);
      lines.clear();
      text += fmt::format("\n{}:\n", command.group);
    }
    lines.push_back({command.name(), command.summary});
  }
  return text + columns(lines) + exit_codes();
}

std::string noun_help(std::span<const Command> commands, std::string_view noun) {
  std::vector<Line> lines;
  for (const auto& command : commands) {
    if (command.noun == noun) lines.push_back({command.name(), command.summary});
  }
  return fmt::format("Usage: bdaas {} VERB [options]\n\n", noun) + columns(lines);
}

std::string command_help(const Command& command) {
  std::string text = fmt::format("{}.\n\nUsage: {}\n", command.summary, usage_of(command));
  std::vector<Line> lines;
  for (const auto& positional : command.how.positionals) {
    lines.push_back({std::string(positional.name), positional.help});
  }
  if (!lines.empty()) text += "\nArguments:\n" + columns(lines);
  text += "\nOptions:\n" + columns(options_of(command));
  if (!command.how.notes.empty()) text += fmt::format("\n{}\n", command.how.notes);
  return text + exit_codes();
}

std::string reference_markdown(std::span<const Command> commands) {
  std::string text = "| exit code | meaning |\n|---|---|\n";
  for (const auto& row : kExitCodes) {
    text += fmt::format("| {} | {} |\n", static_cast<int>(row.code), row.meaning);
  }
  std::string_view group;
  for (const auto& command : commands) {
    if (command.group != group) {
      group = command.group;
      text += fmt::format("\n## {}\n", group);
    }
    text += fmt::format("\n### `{}`\n\n{}.\n", usage_of(command), command.summary);
    std::vector<Line> lines;
    for (const auto& p : command.how.positionals) lines.push_back({std::string(p.name), p.help});
    for (const auto& option : command.how.options) lines.push_back({left_of(option), option.help});
    if (!lines.empty()) text += "\n";
    for (const auto& line : lines) text += fmt::format("- `{}`: {}\n", line.left, line.right);
    if (!command.how.notes.empty()) text += fmt::format("\n{}\n", command.how.notes);
  }
  return text;
}

}  // namespace bdaas::cli
