#include "release/installed.h"

#include <unistd.h>

namespace bdaas {
namespace {

// Where a release file lays out native libraries of this kind of machine.
#if defined(__x86_64__)
constexpr const char* kNativeDir = "lib/amd64";
#else
constexpr const char* kNativeDir = "lib/aarch64";
#endif

}  // namespace

Installed::Installed(const fs::path& packages, const ReleaseCatalog& catalog,
                     const ReleaseSpec& release)
    : packages_(packages), catalog_(catalog), release_(release) {}

fs::path Installed::home(const PackageSpec& package) const {
  return packages_ / package_key(package);
}

fs::path Installed::home(const ClassData& data) const { return packages_ / data.key; }

fs::path Installed::home(const Template& made) const { return packages_ / made.key; }

bool Installed::has(const PackageSpec& package) const {
  std::error_code error;
  return fs::is_directory(home(package), error);
}

bool Installed::has(const ClassData& data) const {
  std::error_code error;
  return fs::is_regular_file(home(data) / kClassDataFile, error);
}

bool Installed::has(const Template& made) const {
  return ::access(home(made).c_str(), R_OK | X_OK) == 0;
}

PackageHomes Installed::homes() const {
  PackageHomes homes;
  for (const auto& package : release_.packages) homes.emplace(package.name, home(package));
  return homes;
}

std::vector<std::string> Installed::missing() const {
  std::vector<std::string> names;
  for (const auto& package : release_.packages) {
    if (!has(package)) names.push_back(package.name + " " + package.version);
  }
  return names;
}

std::vector<ClassData> Installed::class_data(const Java& java) const {
  std::vector<ClassData> all;
  for (const auto& archive : release_.archives) {
    const auto& class_list =
        catalog_.class_lists.at(archive.class_list);  // load_catalog() checked it
    all.push_back(class_data_of(archive, homes(), class_list, java));
  }
  return all;
}

std::vector<Template> Installed::templates() const {
  std::vector<Template> all;
  for (const auto& spec : release_.templates) all.push_back(template_of(spec, homes()));
  return all;
}

ReleaseFacts Installed::facts(const Java& java, const Python& python) const {
  ReleaseFacts facts;
  facts.name = release_.name;
  facts.java_home = java.home;
  facts.python = python.path;
  facts.versions = {{"java", java.version}, {"python", python.version}};
  for (const auto& package : release_.packages) {
    facts.versions[package.name] = package.version;
    if (package.name == "hadoop") facts.hadoop_home = home(package);
    if (package.name == "spark") facts.spark_home = home(package);
    if (package.name == "comet") {
      facts.comet_jar = home(package) / package.files.front().file;
      const auto native = home(package) / kNativeDir;
      std::error_code error;
      if (fs::is_directory(native, error)) facts.comet_native = native;
    }
  }
  for (const auto& data : class_data(java)) {
    if (!has(data)) continue;
    const auto file = (home(data) / kClassDataFile).native();
    if (data.name == "hadoop") facts.hadoop_cds = file;
    if (data.name == "spark") facts.spark_cds = file;
  }
  for (const auto& made : templates()) {
    if (!has(made)) continue;
    if (made.spec->name == "namenode") facts.namenode_template = home(made);
    if (made.spec->name == "resourcemanager") facts.rm_template = home(made);
  }
  return facts;
}

}  // namespace bdaas
