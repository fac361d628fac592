#pragma once
// A release as its nodes see it, when they are other computers. Pure.

#include <filesystem>

#include "model/nouns.h"

namespace bdaas {

// The directories of `packages` that a release is made of, each once.
std::vector<std::string> packages_of(const ReleaseFacts& release,
                                     const std::filesystem::path& packages);

// The same release with its packages below `there`. Java and Python are the nodes' own, at the same
// paths. Class archives are left out: a JVM takes one only for the paths it was made of.
ReleaseFacts on_nodes(ReleaseFacts release, const std::filesystem::path& packages,
                      const std::string& there);

}  // namespace bdaas
