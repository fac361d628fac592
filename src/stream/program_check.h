#pragma once
// Looks into a program before anything is started for it. Blocking; any thread.

#include <filesystem>

#include "model/nouns.h"

namespace bdaas {

// The kind that a file name means: .jar or .py; invalid_argument for any other.
Result<ProgramKind> program_kind_of(std::string_view file_name);

// What stands in the Program row as main_classes; of Python nothing. invalid_argument: no jar (see
// jar.h), not UTF-8 text, nothing in it. name: for messages.
Result<std::vector<std::string>> check_program(const std::filesystem::path& file,
                                               std::string_view name, ProgramKind kind);

}  // namespace bdaas
