#pragma once
// What of a release lies on this machine, and where. Reads the disk; changes nothing.

#include <map>

#include "model/releases.h"
#include "release/class_data.h"
#include "release/first_start.h"

namespace bdaas {

class Installed {
 public:
  // All three must outlive it.
  Installed(const fs::path& packages, const ReleaseCatalog& catalog, const ReleaseSpec& release);

  fs::path home(const PackageSpec& package) const;  // whether it exists or not
  fs::path home(const ClassData& data) const;
  fs::path home(const Template& made) const;
  bool has(const PackageSpec& package) const;
  bool has(const ClassData& data) const;
  bool has(const Template& made) const;  // and this user may read it

  // Names and versions of what is missing: "spark 3.5.7"; empty: nothing.
  std::vector<std::string> missing() const;

  // The AppCDS archives that fit this JVM, made or not. The packages must be there.
  std::vector<ClassData> class_data(const Java& java) const;

  std::vector<Template> templates() const;  // made or not

  ReleaseFacts facts(const Java& java, const Python& python) const;

 private:
  PackageHomes homes() const;

  const fs::path& packages_;
  const ReleaseCatalog& catalog_;
  const ReleaseSpec& release_;
};

}  // namespace bdaas
