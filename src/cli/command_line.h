#pragma once
// argv → one verb and its arguments. The only unit that knows CLI11.

#include "cli/command.h"

namespace bdaas::cli {

struct CommandLine {
  const Command* command = nullptr;  // none: only `text` is wanted
  Arguments arguments;
  std::string text;  // help or version to print, then exit 0
};

// words: without the program's name. invalid_argument: one sentence, with the nearest known name.
Result<CommandLine> parse_command_line(std::span<const Command> commands,
                                       std::vector<std::string> words);

}  // namespace bdaas::cli
