#pragma once
// Text made from the command table: -h on each level, and the reference in docs/cli.md. Pure.

#include "cli/command.h"

namespace bdaas::cli {

std::string overview_help(std::span<const Command> commands);
std::string noun_help(std::span<const Command> commands, std::string_view noun);
std::string command_help(const Command& command);

// The generated part of docs/cli.md, in Markdown; a test compares.
std::string reference_markdown(std::span<const Command> commands);

}  // namespace bdaas::cli
