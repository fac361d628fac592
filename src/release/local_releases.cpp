#include "release/local_releases.h"

#include <fmt/ranges.h>

#include "release/fetching.h"
#include "release/package_dir.h"

namespace bdaas {
namespace {

class LocalReleases final : public Releases {
 public:
  LocalReleases(const fs::path& packages, HostTools tools, ReleaseCatalog catalog)
      : packages_(packages), tools_(std::move(tools)), catalog_(std::move(catalog)) {}

  Result<std::vector<ReleaseStatus>> list() override {
    std::vector<ReleaseStatus> all;
    for (const auto& release : catalog_.releases) all.push_back(status_of(release));
    return all;
  }

  Result<ReleaseFacts> facts(const std::string& name) override {
    BDAAS_ASSIGN(const auto* release, find(name));
    const Installed installed(packages_, catalog_, *release);
    const auto missing = installed.missing();
    if (!missing.empty()) {
      return fail(ErrorKind::failed_precondition,
                  "release {} is not on this machine ({} missing); run 'bdaas releases fetch {}'",
                  name, fmt::join(missing, ", "), name);
    }
    BDAAS_ASSIGN(const auto java, find_java(tools_, release->java));
    BDAAS_ASSIGN(const auto python, find_python(tools_, release->python_minimum));
    return installed.facts(java, python);
  }

  Result<ReleaseFacts> fetch(const std::string& name, const ReleaseProgress& progress,
                             const std::atomic<bool>& cancel) override {
    BDAAS_ASSIGN(const auto* release, find(name));
    return fetch_release({packages_, catalog_, *release, tools_, progress, cancel});
  }

  Result<> verify(const std::string& name) override {
    BDAAS_ASSIGN(const auto* release, find(name));
    const Installed installed(packages_, catalog_, *release);
    for (const auto& package : release->packages) {
      auto verified = verify_package(installed.home(package));
      if (verified) continue;
      auto error = std::move(verified).error();
      error.message += fmt::format("; run 'bdaas releases fetch {}' to mend it", name);
      return std::move(error).context(fmt::format("{} {}", package.name, package.version));
    }
    return {};
  }

 private:
  Result<const ReleaseSpec*> find(const std::string& name) const {
    if (const auto* release = catalog_.find(name)) return release;
    std::vector<std::string_view> known;
    for (const auto& release : catalog_.releases) known.push_back(release.name);
    return fail(ErrorKind::not_found, "no release '{}'{}; 'bdaas releases list' shows them", name,
                did_you_mean(name, known));
  }

  ReleaseStatus status_of(const ReleaseSpec& release) const {
    const Installed installed(packages_, catalog_, release);
    ReleaseStatus status;
    status.name = release.name;
    for (const auto& package : release.packages) {
      status.packages.push_back(
          {package.name, package.version, package.laid_out_bytes, installed.has(package)});
    }
    status.message = what_is_missing(release, installed);
    status.present = status.message.empty();
    return status;
  }

  std::string what_is_missing(const ReleaseSpec& release, const Installed& installed) const {
    const auto missing = installed.missing();
    if (!missing.empty()) {
      return fmt::format("{} missing; run 'bdaas releases fetch {}'", fmt::join(missing, ", "),
                         release.name);
    }
    const auto java = find_java(tools_, release.java);
    if (!java) return java.error().message;
    const auto python = find_python(tools_, release.python_minimum);
    if (!python) return python.error().message;
    for (const auto& data : installed.class_data(*java)) {
      if (installed.has(data)) continue;
      return fmt::format(
          "the AppCDS archive of {} is not made for Java {}, so starts are slower; run 'bdaas "
          "releases fetch {}'",
          data.name, java->version, release.name);
    }
    for (const auto& made : installed.templates()) {
      if (installed.has(made)) continue;
      return fmt::format(
          "the first start of {} is not prepared, so it is slower; run 'bdaas releases fetch {}'",
          made.spec->name, release.name);
    }
    return {};
  }

  const fs::path packages_;
  const HostTools tools_;
  const ReleaseCatalog catalog_;
};

}  // namespace

std::unique_ptr<Releases> make_releases(const fs::path& packages, HostTools tools,
                                        ReleaseCatalog catalog) {
  return std::make_unique<LocalReleases>(packages, std::move(tools), std::move(catalog));
}

Result<ReleaseFacts> any_release(Releases& releases) {
  BDAAS_ASSIGN(const auto all, releases.list());
  Result<ReleaseFacts> first =
      fail(ErrorKind::failed_precondition, "this manager knows no releases");
  for (const auto& release : all) {
    auto facts = releases.facts(release.name);
    if (facts) return facts;
    if (&release == &all.front()) first = std::move(facts);
  }
  return first;
}

}  // namespace bdaas
