#pragma once
// The main classes of a jar, found without a JVM. Made for files of strangers: what is read is
// bounded. Blocking; any thread.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace bdaas {

struct JarLimits {
  std::int64_t bytes_max = 1ll << 30;              // of all class files, inflated
  std::int64_t class_file_bytes_max = 16ll << 20;  // of one; a larger one is passed over
  std::size_t main_classes_max = 10'000;
};

// All classes that have `public static void main(String[])` themselves, sorted, the manifest's
// Main-Class first. A Main-Class that is not in the jar is left out; one that only inherits its
// main method is taken. invalid_argument: no zip archive, a damaged one, beyond the limits. name:
// for messages.
Result<std::vector<std::string>> main_classes_of_jar(const std::filesystem::path& jar,
                                                     std::string_view name,
                                                     const JarLimits& limits = {});

}  // namespace bdaas
