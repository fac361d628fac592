#include "release/class_path.h"

namespace bdaas {

std::vector<fs::path> class_path_patterns(const std::vector<std::string>& entries,
                                          const PackageHomes& homes) {
  std::vector<fs::path> patterns;
  for (const auto& entry : entries) {
    const auto colon = entry.find(':');
    patterns.push_back(homes.at(entry.substr(0, colon)) / entry.substr(colon + 1));
  }
  return patterns;
}

std::string class_path_of(const std::vector<std::string>& entries, const PackageHomes& homes) {
  std::string path;
  for (const auto& pattern : class_path_patterns(entries, homes)) {
    if (!path.empty()) path += ':';
    path += pattern.native();
  }
  return path;
}

}  // namespace bdaas
