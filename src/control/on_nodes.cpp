#include "control/on_nodes.h"

#include <algorithm>

namespace bdaas {

namespace {

constexpr std::string ReleaseFacts::*kInPackages[] = {
    &ReleaseFacts::hadoop_home,  &ReleaseFacts::spark_home,        &ReleaseFacts::comet_jar,
    &ReleaseFacts::comet_native, &ReleaseFacts::namenode_template, &ReleaseFacts::rm_template};

// What follows the directory of packages and a slash; empty: it lies elsewhere.
std::string below(const std::string& path, const std::filesystem::path& packages) {
  const std::string root = packages.native() + "/";
  return path.starts_with(root) ? path.substr(root.size()) : std::string();
}

}  // namespace

std::vector<std::string> packages_of(const ReleaseFacts& release,
                                     const std::filesystem::path& packages) {
  std::vector<std::string> names;
  for (const auto member : kInPackages) {
    const auto inside = below(release.*member, packages);
    const auto name = inside.substr(0, inside.find('/'));
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

ReleaseFacts on_nodes(ReleaseFacts release, const std::filesystem::path& packages,
                      const std::string& there) {
  for (const auto member : kInPackages) {
    const auto inside = below(release.*member, packages);
    if (!inside.empty()) release.*member = there + "/" + inside;
  }
  release.hadoop_cds.clear();
  release.spark_cds.clear();
  return release;
}

}  // namespace bdaas
