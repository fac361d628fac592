#pragma once
// Class paths of a release file, "package:pattern", as a JVM wants them. Pure.

#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace bdaas {

using PackageHomes = std::map<std::string, fs::path>;  // name → directory

// "spark:jars/*" → "/…/jars/*". The packages must be there.
std::vector<fs::path> class_path_patterns(const std::vector<std::string>& entries,
                                          const PackageHomes& homes);

// For java -cp; the launcher makes jars of the patterns.
std::string class_path_of(const std::vector<std::string>& entries, const PackageHomes& homes);

}  // namespace bdaas
