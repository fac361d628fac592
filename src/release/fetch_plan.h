#pragma once
// What a fetch will do, as values: which packages are missing, what each client is asked for, how
// much disk it takes. Pure.

#include <set>

#include "release/release_file.h"

namespace bdaas {

struct FetchPlan {
  std::vector<const PackageSpec*> missing;            // point into the release
  std::vector<std::vector<PinnedFile>> maven_rounds;  // one run of mvn each; nearly always one
  std::vector<PinnedFile> pypi;                       // one run of pip
  std::int64_t download_bytes = 0;
  std::int64_t disk_bytes = 0;  // free space it takes at its peak

  bool empty() const { return missing.empty(); }
};

// present: keys of the packages that lie there and are whole. The release must outlive the plan.
FetchPlan plan_fetch(const ReleaseSpec& release, const std::set<std::string>& present);

// A project whose dependencies are exactly these files; nothing they depend on is added.
std::string maven_pom(const std::vector<PinnedFile>& files);

// pip's requirements file, with hashes: pip refuses whatever differs.
std::string pip_requirements(const std::vector<PinnedFile>& files);

// "1.2 GB", "318 MB": decimal, as the clients print it.
std::string megabytes(std::int64_t bytes);

}  // namespace bdaas
