#include "release/release_file.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/files.h"

namespace bdaas {
namespace {

// Raised when the code lays out the same files in another way.
constexpr std::string_view kLayoutVersion = "layout 1";

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

Error wrong(const std::string& where, std::string_view what) {
  return fail(ErrorKind::invalid_argument, "{}: {}", where, what);
}

Result<> check_file(const PinnedFile& file, const std::string& where) {
  BDAAS_TRY(check_relative_name(file.file).context(where));
  if (file.file.find('/') != file.file.npos) return wrong(where, "the file's name has a '/'");
  if (!is_sha256(file.sha256)) return wrong(where, "sha256 is not 64 lower-case hex digits");
  if (file.bytes <= 0) return wrong(where, "bytes is not positive");
  return {};
}

Result<> check_package(const PackageSpec& package) {
  BDAAS_TRY(check_relative_name(package.name));
  std::set<std::string_view> names;
  for (const auto& file : package.files) {
    const auto where = fmt::format("package {}: {}", package.name, file.coordinates);
    BDAAS_TRY(check_file(file, where));
    if (!names.insert(file.file).second) return wrong(where, "its file name is there twice");
  }
  if (package.files.empty()) return wrong("package " + package.name, "it has no files");
  return {};
}

Result<> check_release(const ReleaseSpec& release) {
  std::set<std::string_view> names;
  for (const auto& package : release.packages) {
    BDAAS_TRY(check_package(package));
    if (!names.insert(package.name).second)
      return wrong(package.name, "the package is there twice");
  }
  const auto check_class_path = [&](const auto& user) -> Result<> {
    for (const auto& entry : user.class_path) {
      const auto package = entry.substr(0, entry.find(':'));
      if (!names.contains(package)) return wrong(user.name, "no package " + package);
    }
    return {};
  };
  for (const auto& archive : release.archives) BDAAS_TRY(check_class_path(archive));
  for (const auto& made : release.templates) BDAAS_TRY(check_class_path(made));
  return {};
}

}  // namespace

const PackageSpec* ReleaseSpec::package(std::string_view package_name) const {
  const auto found = std::ranges::find(packages, package_name, &PackageSpec::name);
  return found == packages.end() ? nullptr : &*found;
}

const ReleaseSpec* ReleaseCatalog::find(std::string_view name) const {
  const auto found = std::ranges::find(releases, name, &ReleaseSpec::name);
  return found == releases.end() ? nullptr : &*found;
}

Result<ReleaseSpec> parse_release(std::string_view text) {
  BDAAS_ASSIGN(const auto value, parse_json(text));
  BDAAS_ASSIGN(auto release, from_json<ReleaseSpec>(value));
  BDAAS_TRY(check_release(release));
  return release;
}

std::string package_key(const PackageSpec& package) {
  Sha256 hash;
  auto add = [&](std::string_view part) { hash.update(fmt::format("{}:{};", part.size(), part)); };
  add(kLayoutVersion);
  add(package.name);
  for (const auto& rule : package.unpack) {
    add(rule.from);
    add(rule.to);
  }
  for (const auto& rule : package.extract) {
    add("extract");
    add(rule.from);
    add(rule.to);
  }
  for (const auto& file : package.files) {
    add(file.file);
    add(file.sha256);
  }
  return hash.hex();
}

Result<ReleaseCatalog> load_catalog(std::span<const EmbeddedFile> files) {
  ReleaseCatalog catalog;
  for (const auto& file : files) {
    const auto where = fmt::format("releases/{}", file.name);
    if (!file.name.ends_with(".json")) {
      catalog.class_lists.emplace(file.name, file.content);
      continue;
    }
    BDAAS_ASSIGN(auto release, parse_release(file.content).context(where));
    if (release.name + ".json" != file.name) return wrong(where, "name differs from the file's");
    catalog.releases.push_back(std::move(release));
  }
  std::ranges::sort(catalog.releases, {}, &ReleaseSpec::name);
  for (const auto& release : catalog.releases) {
    for (const auto& archive : release.archives) {
      if (catalog.class_lists.contains(archive.class_list)) continue;
      return wrong("release " + release.name, "no file releases/" + archive.class_list);
    }
  }
  return catalog;
}

}  // namespace bdaas
