#include "cli/download.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/digest.h"
#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas::cli {

namespace {

// A file beside the target that is gone unless it was kept under the target's name.
class PartFile {
 public:
  static Result<PartFile> make(const fs::path& target) {
    std::string pattern = target.native() + ".part-XXXXXX";
    UniqueFd fd(::mkostemp(pattern.data(), O_CLOEXEC));
    if (!fd.valid())
      return os_error(errno, fmt::format("cannot write beside '{}'", target.native()));
    return PartFile(std::move(fd), pattern);
  }
  PartFile(PartFile&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Result<> append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return os_error(errno, fmt::format("cannot write '{}'", path_));
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<> keep_as(const fs::path& target) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::fchmod(fd_.get(),
             0666 & ~mask);  // as any file that this user makes; mkstemp's 0600 would do too
    if (::rename(path_.c_str(), target.c_str()) != 0) {
      return os_error(errno, fmt::format("cannot write '{}'", target.native()));
    }
    path_.clear();
    return {};
  }

 private:
  PartFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

class Fetch {
 public:
  Fetch(const Api& api, const DownloadSpec& spec, const Progress& progress, TaskControl& control,
        PartFile& part)
      : api_(api), spec_(spec), progress_(progress), control_(control), part_(part) {}

  Result<> fetch_rest() {
    HttpRequest request;
    request.url = spec_.path;
    request.timeout = kStreamTimeout;
    request.cancel = &control_.stop;
    if (have_ > 0) request.headers.push_back({"Range", fmt::format("bytes={}-", have_)});
    request.sink = [this](std::string_view bytes) -> Result<> {
      BDAAS_TRY(part_.append(bytes));
      sha256_.update(bytes);
      have_ += bytes.size();
      progress_(have_, spec_.bytes);
      return {};
    };
    const auto expected_before = have_;
    BDAAS_ASSIGN(const auto response, api_.send(std::move(request)));
    if (expected_before > 0 && response.status != 206) {
      // It sent everything again, behind what we had.
      return fail(ErrorKind::internal, "the manager does not understand Range");
    }
    return {};
  }

  Result<> check() {
    const auto found = sha256_.hex();
    if (spec_.sha256.empty() || found == spec_.sha256) return {};
    return fail(ErrorKind::corrupted, "its sha256 is {} and should be {}; fetch it again", found,
                spec_.sha256);
  }

  std::uint64_t have() const { return have_; }

 private:
  const Api& api_;
  const DownloadSpec& spec_;
  const Progress& progress_;
  TaskControl& control_;
  PartFile& part_;
  Sha256 sha256_;
  std::uint64_t have_ = 0;
};

Result<> fetch_all(Fetch& fetch, TaskControl& control, const RetryPolicy& retry) {
  return keep_trying(
      [&] {
        const auto before = fetch.have();
        auto end = fetch.fetch_rest();
        return attempt_of(std::move(end), fetch.have() > before);
      },
      control, retry);
}

}  // namespace

Result<> download(const Api& api, const DownloadSpec& spec, const Progress& progress,
                  TaskControl& control, const RetryPolicy& retry) {
  const auto where = fmt::format("cannot fetch '{}'", spec.target.native());
  auto part = PartFile::make(spec.target);
  if (!part) return std::move(part).error().context(where);
  Fetch fetch(api, spec, progress, control, *part);
  BDAAS_TRY(fetch_all(fetch, control, retry).context(where));
  BDAAS_TRY(fetch.check().context(where));
  return part->keep_as(spec.target).context(where);
}

}  // namespace bdaas::cli
