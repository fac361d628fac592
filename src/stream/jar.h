#pragma once
// The main classes of a jar, found without a JVM. Made for files of strangers: what is read is bounded.
// Blocking; any thread.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace bdaas {

// All classes that have `public static void main(String[])` themselves, sorted, the manifest's
// Main-Class first. A Main-Class that is not in the jar is left out; one that only inherits its main
// method is taken. invalid_argument: no zip archive, a damaged one, more to read than kJarBytesMax.
// name: for messages.
Result<std::vector<std::string>> main_classes_of_jar(const std::filesystem::path& jar,
                                                     std::string_view name);

inline constexpr std::int64_t kJarBytesMax = 1ll << 30;       // of all class files, inflated
inline constexpr std::int64_t kClassFileBytesMax = 16 << 20;  // of one; a larger one is passed over
inline constexpr std::size_t kMainClassesMax = 10'000;

}  // namespace bdaas
