#pragma once
// What the packages of this computer are made of: their files, and the SHA-256 of each chunk. Each
// package is read once; what it said is kept beside the packages, and counts as long as its files
// have the sizes and times they had. Thread-safe; blocking.

#include <mutex>

#include "base/files.h"
#include "model/chunk_map.h"

namespace bdaas {

class PackageManifests {
 public:
  explicit PackageManifests(fs::path packages) : packages_(std::move(packages)) {}
  const fs::path& packages() const { return packages_; }

  Result<PackageManifest> manifest_of(const std::string& name, const std::atomic<bool>& cancel);
  // After its chunks were found not to be what they hash to.
  void forget(const std::string& name);

 private:
  fs::path kept(const std::string& name) const;

  const fs::path packages_;
  std::mutex mutex_;  // one at a time reads a package; the others wait for what it finds
};

}  // namespace bdaas
