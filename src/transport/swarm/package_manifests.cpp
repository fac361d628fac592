#include "transport/swarm/package_manifests.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/digest.h"
#include "base/json.h"
#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

Result<PackageFile> look_at(const fs::path& path, std::string name) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return os_error(errno, fmt::format("cannot look at '{}'", path.native()));
  }
  const auto& changed = status.st_mtim;
  return PackageFile{
      .path = std::move(name),
      .bytes = status.st_size,
      .mode = status.st_mode & 0777,
      .changed_at = Time(Millis(changed.tv_sec * 1000 + changed.tv_nsec / 1'000'000))};
}

Result<std::vector<PackageFile>> files_of(const fs::path& package) {
  std::vector<PackageFile> files;
  std::error_code error;
  fs::recursive_directory_iterator all(package, error);
  for (; !error && all != fs::recursive_directory_iterator(); all.increment(error)) {
    if (!all->is_regular_file(error) || error) continue;
    BDAAS_ASSIGN(auto file, look_at(all->path(), all->path().lexically_relative(package).native()));
    files.push_back(std::move(file));
  }
  if (error) return os_error(error.value(), fmt::format("cannot list '{}'", package.native()));
  std::sort(files.begin(), files.end(),
            [](const PackageFile& a, const PackageFile& b) { return a.path < b.path; });
  return files;
}

// Cuts a flow of bytes.
class Chunks {
 public:
  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto part = bytes.substr(0, static_cast<std::size_t>(kChunkBytes) - filled_);
      digest_.update(part);
      filled_ += part.size();
      bytes.remove_prefix(part.size());
      if (filled_ == static_cast<std::size_t>(kChunkBytes)) cut();
    }
  }
  std::vector<std::string> end() {
    if (filled_ > 0) cut();
    return std::move(hashes_);
  }

 private:
  void cut() {
    hashes_.push_back(std::exchange(digest_, Sha256()).hex());
    filled_ = 0;
  }
  Sha256 digest_;
  std::size_t filled_ = 0;
  std::vector<std::string> hashes_;
};

Result<> read_file_into(const fs::path& path, std::int64_t bytes, Chunks& chunks,
                        const std::atomic<bool>& cancel) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  std::string buffer(kReadBytes, '\0');
  while (bytes > 0) {
    if (cancel) return fail(ErrorKind::cancelled, "cancelled");
    const auto wanted = std::min<std::int64_t>(bytes, kReadBytes);
    const ssize_t got = ::read(fd.get(), buffer.data(), static_cast<std::size_t>(wanted));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, fmt::format("cannot read '{}'", path.native()));
    if (got == 0) return fail(ErrorKind::corrupted, "'{}' became shorter", path.native());
    chunks.add({buffer.data(), static_cast<std::size_t>(got)});
    bytes -= got;
  }
  return {};
}

// What was found before, when it is there and says anything; it can always be made again.
std::optional<PackageManifest> read_kept(const fs::path& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value) return std::nullopt;
  auto manifest = from_json<PackageManifest>(*value);
  return manifest ? std::optional(*std::move(manifest)) : std::nullopt;
}

}  // namespace

fs::path PackageManifests::kept(const std::string& name) const {
  return packages_ / ".manifests" / (name + ".json");
}

Result<PackageManifest> PackageManifests::manifest_of(const std::string& name,
                                                      const std::atomic<bool>& cancel) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(auto files, files_of(packages_ / name));
  auto before = read_kept(kept(name));
  if (before && before->name == name && before->files == files) return *std::move(before);
  PackageManifest manifest{.name = name, .files = std::move(files), .chunks = {}};
  Chunks chunks;
  for (const auto& file : manifest.files) {
    BDAAS_TRY(read_file_into(packages_ / name / file.path, file.bytes, chunks, cancel));
  }
  manifest.chunks = chunks.end();
  // Packages that are somebody else's to write are read again by the next manager.
  const bool can_keep = make_directory(kept(name).parent_path(), 0700) &&
                        write_file(kept(name), write_json(to_json(manifest)), 0600);
  (void)can_keep;
  return manifest;
}

void PackageManifests::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::error_code absent;
  fs::remove(kept(name), absent);
}

}  // namespace bdaas
