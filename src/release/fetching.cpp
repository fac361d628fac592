#include "release/fetching.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <mutex>

#include "base/os_error.h"
#include "release/file_lock.h"
#include "release/package_dir.h"
#include "release/registry_clients.h"

namespace bdaas {
namespace {

constexpr std::int64_t kReportSteps = 20;  // lines a download writes at most

class Fetching {
 public:
  explicit Fetching(const FetchRequest& request)
      : packages_(request.packages),
        release_(request.release),
        tools_(request.tools),
        progress_(request.progress),
        cancel_(request.cancel),
        installed_(request.packages, request.catalog, request.release) {}

  Result<ReleaseFacts> run() {
    BDAAS_ASSIGN(const auto java, find_java(tools_, release_.java));
    BDAAS_ASSIGN(python_, find_python(tools_, release_.python_minimum));
    BDAAS_TRY(make_directory(packages_));
    if (is_of_others() && installed_.missing().empty()) {
      BDAAS_TRY(verify_packages());
      return installed_.facts(java, python_);
    }
    BDAAS_ASSIGN(const auto lock, FileLock::take(packages_ / ".lock", cancel_,
                                                 [&] { say("waiting for another fetch to end"); }));
    BDAAS_TRY(remove_tree(packages_ / ".tmp"));  // of a fetch that was killed
    BDAAS_TRY(make_directory(packages_ / ".tmp", 0700));
    BDAAS_TRY(fetch_packages());
    make_the_rest(java);
    if (cancel_) return fail(ErrorKind::cancelled, "cancelled");
    return installed_.facts(java, python_);
  }

 private:
  void say(std::string_view line) {
    const std::lock_guard guard(saying_);
    progress_(line);
  }

  // Another user fetched for all: read, and never written.
  bool is_of_others() const {
    return ::faccessat(AT_FDCWD, packages_.c_str(), W_OK, AT_EACCESS) != 0;
  }

  Result<TempDir> make_temp() { return TempDir::make(packages_ / ".tmp"); }

  Result<> fetch_packages() {
    BDAAS_ASSIGN(const auto present, whole_packages());
    const auto plan = plan_fetch(release_, present);
    if (plan.empty()) return {};
    BDAAS_TRY(check_disk(plan));
    BDAAS_ASSIGN(const auto temp, make_temp());
    BDAAS_TRY(make_directory(temp.path() / "downloads"));
    BDAAS_TRY(download(plan, temp.path()));
    for (const auto* package : plan.missing) {
      say(fmt::format("{} {}: checking and laying out", package->name, package->version));
      const auto dir = temp.path() / package->name;
      BDAAS_TRY(make_directory(dir));
      BDAAS_TRY(lay_out_package(*package, temp.path() / "downloads", dir));
      BDAAS_TRY(publish(dir, installed_.home(*package)));
    }
    return {};
  }

  // Of packages that cannot be mended here.
  Result<> verify_packages() {
    for (const auto& package : release_.packages) {
      auto verified = verify_package(installed_.home(package));
      if (verified) continue;
      auto error = std::move(verified).error();
      error.message += "; who owns it mends it with 'bdaas releases fetch'";
      return std::move(error).context(fmt::format("{} {}", package.name, package.version));
    }
    return {};
  }

  // Looks into every file; takes away what is corrupted, so that it is laid out anew.
  Result<std::set<std::string>> whole_packages() {
    std::set<std::string> whole;
    for (const auto& package : release_.packages) {
      if (!installed_.has(package)) continue;
      const auto home = installed_.home(package);
      const auto verified = verify_package(home);
      if (verified) {
        whole.insert(package_key(package));
        continue;
      }
      if (verified.error().kind != ErrorKind::corrupted) return verified.error();
      say(fmt::format("{}; {} is laid out again", verified.error().message, package.name));
      BDAAS_TRY(publish(home, packages_ / ".tmp" / package_key(package)));
    }
    return whole;
  }

  Result<> check_disk(const FetchPlan& plan) {
    BDAAS_ASSIGN(const auto free, free_bytes(packages_));
    if (free >= static_cast<std::uint64_t>(plan.disk_bytes)) return {};
    return fail(ErrorKind::resource_exhausted,
                "it needs {} of free disk and '{}' has {}; free some, or set BDAAS_PACKAGES to a "
                "directory on a larger disk",
                megabytes(plan.disk_bytes), packages_.native(),
                megabytes(static_cast<std::int64_t>(free)));
  }

  // Both clients at once: one waits for many small answers, the other for one long one.
  Result<> download(const FetchPlan& plan, const fs::path& temp) {
    say(fmt::format("{}: downloading {}", release_.name, megabytes(plan.download_bytes)));
    std::string maven;
    if (!plan.maven_rounds.empty()) {
      BDAAS_ASSIGN(maven, find_maven(tools_));
    }
    auto from_pypi = std::async(std::launch::async, [&]() -> Result<> {
      if (plan.pypi.empty()) return {};
      BDAAS_TRY(make_directory(temp / "pip"));
      return download_with_pip(request(python_.path, temp, "pip", plan.pypi));
    });
    auto from_maven = maven_downloads(maven, plan, temp);
    auto pypi_result = from_pypi.get();
    BDAAS_TRY(std::move(from_maven));
    return pypi_result;
  }

  Result<> maven_downloads(const std::string& maven, const FetchPlan& plan, const fs::path& temp) {
    for (const auto& files : plan.maven_rounds) {
      BDAAS_TRY(make_directory(temp / "mvn"));
      BDAAS_TRY(download_with_maven(request(maven, temp, "mvn", files)));
    }
    return {};
  }

  Download request(const std::string& program, const fs::path& temp, const std::string& scratch,
                   const std::vector<PinnedFile>& files) {
    std::int64_t total = 0;
    for (const auto& file : files) total += file.bytes;
    const auto what = packages_of(files);
    return {program,
            temp / "downloads",
            temp / scratch,
            files,
            [this, what, total, reported = std::int64_t{0}](std::int64_t bytes) mutable {
              const auto step = bytes * kReportSteps / total;
              if (step <= reported) return;
              reported = step;
              say(fmt::format("{}: {} of {} MB", what, bytes / 1'000'000, total / 1'000'000));
            },
            &cancel_};
  }

  // "hadoop 3.5.0, comet 0.12.0"
  std::string packages_of(const std::vector<PinnedFile>& files) const {
    std::vector<std::string> names;
    for (const auto& package : release_.packages) {
      const auto wanted = [&](const PinnedFile& file) {
        return std::ranges::find(files, file) != files.end();
      };
      if (std::ranges::any_of(package.files, wanted)) {
        names.push_back(package.name + " " + package.version);
      }
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  // From here on it is there for everybody.
  Result<> publish(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error) return os_error(error.value(), fmt::format("cannot make '{}'", to.native()));
    return {};
  }

  // What is made here and not downloaded: how it is called, where it will lie, how it is made.
  struct Making {
    std::string what;
    fs::path home;
    std::function<Result<>(const fs::path& scratch, const fs::path& into)> make;
  };

  std::vector<Making> still_to_make(const Java& java) const {
    std::vector<Making> all;
    for (const auto& data : installed_.class_data(java)) {
      if (installed_.has(data)) continue;
      all.push_back({"AppCDS archive of " + data.name, installed_.home(data),
                     [this, data, &java](const fs::path&, const fs::path& into) {
                       return dump_class_data(data, java, into, cancel_);
                     }});
    }
    for (const auto& made : installed_.templates()) {
      if (installed_.has(made)) continue;
      all.push_back({"first start of " + made.spec->name, installed_.home(made),
                     [this, made, &java](const fs::path& scratch, const fs::path& into) {
                       return make_template(made, java, scratch, into, cancel_);
                     }});
    }
    return all;
  }

  // Without all this everything runs, only slower: a failure is said and not more.
  void make_the_rest(const Java& java) {
    std::vector<std::future<void>> ends;
    for (auto& making : still_to_make(java)) {
      say(fmt::format("{}: making it, up to a minute", making.what));
      ends.push_back(std::async(std::launch::async, [this, making = std::move(making)] {
        const auto made = make(making);
        if (made) {
          say(fmt::format("{}: made", making.what));
        } else {
          say(fmt::format("{}: not made, starts will be slower: {}", making.what,
                          made.error().message));
        }
      }));
    }
    for (auto& end : ends) end.get();
  }

  Result<> make(const Making& making) {
    BDAAS_ASSIGN(const auto temp, make_temp());
    const auto into = temp.path() / "into";
    BDAAS_TRY(make_directory(into));
    BDAAS_TRY(making.make(temp.path(), into));
    return publish(into, making.home);
  }

  const fs::path& packages_;
  const ReleaseSpec& release_;
  const HostTools& tools_;
  const ReleaseProgress& progress_;
  const std::atomic<bool>& cancel_;
  const Installed installed_;
  Python python_;
  std::mutex saying_;
};

}  // namespace

Result<ReleaseFacts> fetch_release(const FetchRequest& request) {
  return Fetching(request).run().context(
      fmt::format("cannot fetch release {}", request.release.name));
}

}  // namespace bdaas
