#include "release/fetch_plan.h"

namespace bdaas {
namespace {

// An archive of class data, and slack for whoever else writes to the disk.
constexpr std::int64_t kArchiveBytes = 200'000'000;
constexpr std::int64_t kSlackBytes = 500'000'000;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

struct MavenCoordinates {
  std::string group, artifact, version, classifier;

  explicit MavenCoordinates(const std::string& text) {
    auto parts = split(text, ':');
    parts.resize(4);
    group = parts[0];
    artifact = parts[1];
    version = parts[2];
    classifier = parts[3];
  }

  std::string without_version() const { return group + ":" + artifact + ":" + classifier; }
};

// One project cannot depend on two versions of one artifact, so the second waits for the next
// round.
void add_to_rounds(const PinnedFile& file, std::vector<std::vector<PinnedFile>>& rounds,
                   std::map<std::string, std::size_t>& uses) {
  const std::size_t round = uses[MavenCoordinates(file.coordinates).without_version()]++;
  if (rounds.size() <= round) rounds.resize(round + 1);
  rounds[round].push_back(file);
}

}  // namespace

FetchPlan plan_fetch(const ReleaseSpec& release, const std::set<std::string>& present) {
  FetchPlan plan;
  std::map<std::string, std::size_t> uses;
  for (const auto& package : release.packages) {
    if (present.contains(package_key(package))) continue;
    plan.missing.push_back(&package);
    plan.disk_bytes += package.laid_out_bytes;
    for (const auto& file : package.files) {
      plan.download_bytes += file.bytes;
      if (package.from == Registry::maven) {
        add_to_rounds(file, plan.maven_rounds, uses);
        plan.disk_bytes += file.bytes;  // Maven's repository, until the fetch ends
      } else {
        plan.pypi.push_back(file);
        plan.disk_bytes +=
            2 * file.bytes + package.laid_out_bytes;  // pip copies, and unpacks to look inside
      }
    }
  }
  if (plan.empty()) return plan;
  plan.disk_bytes +=
      static_cast<std::int64_t>(release.archives.size()) * kArchiveBytes + kSlackBytes;
  return plan;
}

std::string maven_pom(const std::vector<PinnedFile>& files) {
  std::string pom =
      "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n"
      "<modelVersion>4.0.0</modelVersion>\n"
      "<groupId>bdaas</groupId><artifactId>release</artifactId><version>1</version>\n"
      "<packaging>pom</packaging>\n<dependencies>\n";
  for (const auto& file : files) {
    const MavenCoordinates at(file.coordinates);
    pom += fmt::format(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>{}"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
        "</exclusions></dependency>\n",
        at.group, at.artifact, at.version,
        at.classifier.empty() ? "" : fmt::format("<classifier>{}</classifier>", at.classifier));
  }
  return pom + "</dependencies>\n</project>\n";
}

std::string pip_requirements(const std::vector<PinnedFile>& files) {
  std::string lines;
  for (const auto& file : files) {
    lines += fmt::format("{} --hash=sha256:{}\n", file.coordinates, file.sha256);
  }
  return lines;
}

std::string megabytes(std::int64_t bytes) {
  if (bytes >= 1'000'000'000) return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
  return fmt::format("{} MB", (bytes + 500'000) / 1'000'000);
}

}  // namespace bdaas
