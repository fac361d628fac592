#include "release/registry_clients.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "base/subprocess.h"

namespace bdaas {
namespace {

constexpr auto kTimeout = std::chrono::minutes(60);  // for the slow lines of this world
constexpr std::string_view kCopyGoal =
    "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";

bool contains_any(std::string_view text, std::initializer_list<std::string_view> needles) {
  for (const auto needle : needles) {
    if (text.find(needle) != text.npos) return true;
  }
  return false;
}

// The first line with the needle, cut to what a person reads.
std::string line_with(std::string_view text, std::string_view needle) {
  const auto at = text.find(needle);
  if (at == text.npos) return std::string(last_lines(text, 3));
  const auto begin = text.rfind('\n', at) + 1;  // npos + 1 is 0
  return std::string(text.substr(begin, text.find('\n', at) - begin).substr(0, 400));
}

// Maven tells of each file twice: when it has come, and when it is copied. Either counts, once.
class MavenProgress {
 public:
  explicit MavenProgress(const Download& download) : download_(download) {
    for (const auto& file : download.files) bytes_of_.emplace(file.file, file.bytes);
  }

  void take(std::string_view line) {
    const bool arrived = line.find("Downloaded from ") != line.npos;
    const auto copying = line.find("Copying ");
    if (!arrived && copying == line.npos) return;
    const auto begin = arrived ? line.rfind('/', line.find(" (")) + 1 : copying + 8;
    const auto found = bytes_of_.find(line.substr(begin, line.find(' ', begin) - begin));
    if (found == bytes_of_.end()) return;
    sum_ += found->second;
    bytes_of_.erase(found);
    download_.on_bytes(sum_);
  }

 private:
  const Download& download_;
  std::map<std::string, std::int64_t, std::less<>> bytes_of_;
  std::int64_t sum_ = 0;
};

// pip says nothing of bytes into a pipe, so its growing files are looked at, wherever below scratch
// it writes them.
class SizeWatch {
 public:
  explicit SizeWatch(const Download& download)
      : download_(download), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

 private:
  void watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, stop, Millis(300), [] { return false; }) &&
           !stop.stop_requested()) {
      download_.on_bytes(arrived());
    }
  }

  std::int64_t arrived() const {
    std::map<std::string, std::int64_t> largest;
    for (const auto& root : {download_.scratch, download_.into}) {
      std::error_code error;
      for (fs::recursive_directory_iterator it(root, error), end; !error && it != end;
           it.increment(error)) {
        if (it.depth() > 1) it.disable_recursion_pending();
        std::error_code gone;
        const auto size = it->file_size(gone);
        if (gone) continue;  // pip moves and removes while we look
        auto& known = largest[it->path().filename().native()];
        known = std::max(known, static_cast<std::int64_t>(size));
      }
    }
    std::int64_t sum = 0;
    for (const auto& file : download_.files) {
      if (const auto it = largest.find(file.file); it != largest.end()) sum += it->second;
    }
    return sum;
  }

  const Download& download_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;  // last: it ends before what it uses
};

// "one,two" of one==1 and two==2.
std::string names_of(const std::vector<PinnedFile>& files) {
  std::string names;
  for (const auto& file : files) {
    if (!names.empty()) names += ',';
    names += file.coordinates.substr(0, file.coordinates.find('='));
  }
  return names;
}

}  // namespace

Error explain_maven_failure(std::string_view output) {
  if (contains_any(output, {"Unknown host", "Could not transfer", "Connection refused", "timed out",
                            "offline mode"})) {
    return fail(ErrorKind::unavailable,
                "the Maven repository does not answer; check the network, or name a mirror in "
                "~/.m2/settings.xml, and try again ({})",
                line_with(output, "Could not transfer"));
  }
  if (contains_any(output, {"Could not find artifact", "was not found in"})) {
    return fail(ErrorKind::not_found,
                "the Maven repository lacks a pinned file; name another mirror in "
                "~/.m2/settings.xml and try again ({})",
                line_with(output, "[ERROR]"));
  }
  return fail(ErrorKind::failed_precondition, "Maven failed: {}", line_with(output, "[ERROR]"));
}

Error explain_pip_failure(std::string_view output) {
  if (output.find("DO NOT MATCH THE HASHES") != output.npos) {
    return fail(ErrorKind::corrupted,
                "the Python index sent a file with another checksum than the pinned one; name "
                "another index in pip.conf and try again ({})",
                line_with(output, "from "));
  }
  if (contains_any(output, {"Retrying (Retry(", "Failed to establish a new connection",
                            "Read timed out", "ConnectionError"})) {
    return fail(ErrorKind::unavailable,
                "the Python package index does not answer; check the network, or name a mirror in "
                "pip.conf, and try again");
  }
  if (output.find("No matching distribution") != output.npos) {
    return fail(ErrorKind::not_found,
                "the Python package index lacks a pinned file; name another index in pip.conf and "
                "try again ({})",
                line_with(output, "No matching distribution"));
  }
  if (output.find("No module named pip") != output.npos) {
    return fail(ErrorKind::failed_precondition,
                "pip is not installed; run 'apt-get install python3-pip'");
  }
  return fail(ErrorKind::failed_precondition, "pip failed: {}", last_lines(output, 3));
}

Result<> download_with_maven(const Download& download) {
  const auto pom = download.scratch / "pom.xml";
  BDAAS_TRY(write_file(pom, maven_pom(download.files)));
  // A repository of its own: nothing old or broken is taken, and nothing stays behind.
  const auto repository = "-Dmaven.repo.local=" + (download.scratch / "repository").native();
  MavenProgress progress(download);
  Command command;
  command.argv = {download.program,
                  "-B",
                  "-f",
                  pom.native(),
                  repository,
                  std::string(kCopyGoal),
                  "-DoutputDirectory=" + download.into.native()};
  command.timeout = kTimeout;
  command.cancel = download.cancel;
  command.on_line = [&](std::string_view line) { progress.take(line); };
  BDAAS_ASSIGN(const auto completed, run(command));
  if (completed.exit_code == 0) return {};
  return explain_maven_failure(completed.out + completed.err);
}

Result<> download_with_pip(const Download& download) {
  const auto requirements = download.scratch / "requirements.txt";
  BDAAS_TRY(write_file(requirements, pip_requirements(download.files)));
  Command command;
  // Without a cache, since pip would hold the whole file in memory to write it there.
  command.argv = {download.program,
                  "-m",
                  "pip",
                  "download",
                  "--no-deps",
                  "--no-binary=" + names_of(download.files),  // the pinned hash is the sdist's
                  "--require-hashes",
                  "--no-cache-dir",
                  "--no-input",
                  "--progress-bar=off",
                  "--disable-pip-version-check",
                  "--requirement=" + requirements.native(),
                  "--dest=" + download.into.native()};
  command.env = {{"TMPDIR", download.scratch.native()}};
  command.timeout = kTimeout;
  command.cancel = download.cancel;
  const SizeWatch watch(download);
  BDAAS_ASSIGN(const auto completed, run(command));
  if (completed.exit_code == 0) return {};
  return explain_pip_failure(completed.out + completed.err);
}

}  // namespace bdaas
