#include "cli/archive.h"

#include <algorithm>

#include "cli/known_members.h"

namespace bdaas::cli {

namespace {

constexpr std::size_t kNameBytesMax = 100;

}  // namespace

std::string archive_name(std::string_view job_name, const JobId& job) {
  for (const std::string_view extension : {".py", ".jar"}) {
    if (job_name.ends_with(extension)) job_name.remove_suffix(extension.size());
  }
  std::string name;
  for (const char c : job_name.substr(0, kNameBytesMax)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    name += plain ? c : '_';
  }
  if (name.empty() || name[0] == '.' || name[0] == '-') name.insert(0, "job");
  return fmt::format("{}-{}.tar.gz", name, job.text);
}

Result<SavedArchive> fetch_archive(const Api& api, const ResultId& result, const fs::path& output,
                                   const Progress& progress, TaskControl& control) {
  BDAAS_ASSIGN(const auto answer, api.get("/v1/results/" + result.text, &control.stop));
  BDAAS_ASSIGN(const auto stored, noun_from<JobResult>(answer));
  fs::path target = output;
  if (target.empty()) {
    BDAAS_ASSIGN(const auto of_job, api.get("/v1/jobs/" + stored.job.text, &control.stop));
    BDAAS_ASSIGN(const auto job, noun_from<Job>(of_job));
    target = archive_name(job.spec.name, job.id);
  }
  const DownloadSpec spec{"/v1/results/" + result.text + "/archive", target, stored.sha256,
                          static_cast<std::uint64_t>(stored.bytes)};
  BDAAS_TRY(download(api, spec, progress, control));
  return SavedArchive{target.native(), stored.sha256, stored.bytes, stored.files,
                      stored.has_output};
}

}  // namespace bdaas::cli
