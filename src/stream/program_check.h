#pragma once
// Looks into a program before anything is started for it. Made for files of strangers: everything read
// is bounded. Blocking; any thread.
//
// Class files: Java Virtual Machine Specification (SE 17), chapter 4.

#include <filesystem>
#include <span>

#include "model/nouns.h"

namespace bdaas {

// The kind that a file name means: .jar or .py; invalid_argument for any other.
Result<ProgramKind> program_kind_of(std::string_view file_name);

// What stands in the Program row as main_classes: of a jar all classes that have
// `public static void main(String[])`, sorted, the manifest's Main-Class first; of Python nothing.
// invalid_argument: no zip archive, a damaged one, not UTF-8 text, empty. name: for messages.
Result<std::vector<std::string>> check_program(const std::filesystem::path& file,
                                               std::string_view name, ProgramKind kind);

// The name of the class ("org.example.WordCount") when it has such a main method itself; nothing when
// it has none, or the bytes are no class file.
std::optional<std::string> main_class_in(std::span<const char> class_file);

}  // namespace bdaas
