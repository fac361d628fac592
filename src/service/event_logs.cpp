#include "service/event_logs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/os_error.h"
#include "base/unique_fd.h"
#include "engine/spark/layout.h"
#include "service/webhdfs.h"

namespace bdaas {
namespace {

constexpr std::string_view kInProgress = ".inprogress";

std::string without_ending(std::string name) {
  if (name.ends_with(kInProgress)) name.resize(name.size() - kInProgress.size());
  return name;
}

Result<> write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return os_error(errno, fmt::format("cannot write {}", path.native()));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Appends what the log has beyond the copy's length.
Result<> copy_rest(WebHdfs& hdfs, const std::string& log, const fs::path& copy) {
  const UniqueFd fd(
      ::open(copy.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat about {};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
    return os_error(errno, fmt::format("cannot open {}", copy.native()));
  }
  return hdfs.open(
      log, [&](std::string_view bytes) { return write_all(fd.get(), bytes, copy); }, about.st_size);
}

Result<> copy_log(WebHdfs& hdfs, const ClusterId& cluster, const HdfsStatus& log,
                  const fs::path& directory) {
  const std::string path = fmt::format("{}/{}", kEventLogDir, log.name);
  // No dot between: Spark takes what follows one for the name of a codec.
  const fs::path finished =
      directory / fmt::format("{}-{}", cluster.text, without_ending(log.name));
  const fs::path growing = finished.native() + std::string(kInProgress);
  std::error_code error;
  if (log.name.ends_with(kInProgress)) {
    // Its length is known to the worker that has it, not to the NameNode; an answer that there is
    // nothing beyond the copy comes as an error, and is none.
    auto done = copy_rest(hdfs, path, growing);
    const auto kind = done ? ErrorKind::not_found : done.error().kind;
    const bool told = kind == ErrorKind::resource_exhausted || kind == ErrorKind::cancelled ||
                      kind == ErrorKind::deadline_exceeded;
    return told ? std::move(done) : Result<>{};
  }
  if (static_cast<std::int64_t>(fs::file_size(finished, error)) == log.bytes && !error) return {};
  if (!fs::exists(growing, error) ||
      static_cast<std::int64_t>(fs::file_size(growing, error)) < log.bytes) {
    BDAAS_TRY(copy_rest(hdfs, path, growing));
  }
  fs::rename(growing, finished, error);
  if (error) return os_error(error.value(), fmt::format("cannot rename {}", growing.native()));
  return {};
}

}  // namespace

Result<> copy_event_logs(WebHdfs hdfs, const ClusterId& cluster,
                         const std::filesystem::path& directory) {
  auto logs = hdfs.list(kEventLogDir);
  if (!logs) {
    if (logs.error().kind == ErrorKind::not_found) return {};  // no program has run yet
    return std::move(logs).error();
  }
  for (const auto& log : *logs) {
    BDAAS_TRY(check_relative_name(log.name));
    if (!log.directory) BDAAS_TRY(copy_log(hdfs, cluster, log, directory));
  }
  return {};
}

}  // namespace bdaas
