#pragma once
// Another program takes the place of this process, with its terminal, its streams and its id.

#include <string>
#include <vector>

#include "base/result.h"

namespace bdaas::cli {

// Returns only when that failed. argv[0] is looked up on PATH; package: what has it, for the words
// of failed_precondition when it is not installed.
Error become(const std::vector<std::string>& argv, std::string_view package);

}  // namespace bdaas::cli
