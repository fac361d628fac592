#pragma once
// Shell completion out of the command table. Pure.

#include "cli/command.h"

namespace bdaas::cli {

std::string bash_completion(std::span<const Command> commands);

}  // namespace bdaas::cli
