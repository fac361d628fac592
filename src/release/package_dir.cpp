#include "release/package_dir.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "base/digest.h"
#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas {
namespace {

constexpr std::time_t kTimeOfChange = 946'684'800;  // 2000-01-01
constexpr std::string_view kManifest = "manifest.json";

struct LaidOutFile {
  std::string name;
  std::int64_t bytes = 0;
  std::string sha256;

  static constexpr auto fields() {
    return std::tuple{required("name", &LaidOutFile::name, ""),
                      required("bytes", &LaidOutFile::bytes, ""),
                      required("sha256", &LaidOutFile::sha256, "")};
  }
};

struct Manifest {
  std::string package;
  std::string version;
  std::vector<LaidOutFile> files;

  static constexpr auto fields() {
    return std::tuple{required("package", &Manifest::package, ""),
                      required("version", &Manifest::version, ""),
                      required("files", &Manifest::files, "")};
  }
};

Error differs(const fs::path& file, std::string_view how) {
  return fail(ErrorKind::corrupted, "'{}' {}", file.native(), how);
}

Result<> check_content(const fs::path& path, std::int64_t bytes, const std::string& sha256) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return differs(path, "is missing");
  if (static_cast<std::int64_t>(size) != bytes) {
    return differs(path, fmt::format("has {} bytes instead of {}", size, bytes));
  }
  BDAAS_ASSIGN(const auto found, sha256_of_file(path));
  if (found != sha256) return differs(path, "has another checksum than the pinned one");
  return {};
}

// Read-only, executable where it was, of a fixed time.
Result<> seal(const fs::path& path, bool executable) {
  const timespec times[2] = {{kTimeOfChange, 0}, {kTimeOfChange, 0}};
  if (::chmod(path.c_str(), executable ? 0555 : 0444) != 0 ||
      ::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) {
    return os_error(errno, fmt::format("cannot seal '{}'", path.native()));
  }
  return {};
}

Result<> move_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return os_error(error.value(), fmt::format("cannot make '{}'", to.native()));
  return seal(to, false);
}

// ---- unpacking ----

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchiveReader = std::unique_ptr<archive, FreeArchive>;

Error archive_error(archive* reader, const fs::path& path) {
  const char* text = archive_error_string(reader);
  return fail(ErrorKind::corrupted, "cannot unpack '{}': {}", path.native(),
              text == nullptr ? "unknown error" : text);
}

Result<> write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return os_error(errno, fmt::format("cannot write '{}'", path.native()));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

class Unpacking {
 public:
  Unpacking(const std::vector<UnpackRule>& rules, fs::path file, const fs::path& into,
            Manifest& manifest)
      : rules_(rules),
        file_(std::move(file)),
        into_(into),
        manifest_(manifest),
        reader_(archive_read_new()) {}

  Result<> run() {
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_zip(reader_.get());  // a jar
    archive_read_support_filter_gzip(reader_.get());
    if (archive_read_open_filename(reader_.get(), file_.c_str(), 256 * 1024) != ARCHIVE_OK) {
      return archive_error(reader_.get(), file_);
    }
    for (;;) {
      archive_entry* entry = nullptr;
      const int code = archive_read_next_header(reader_.get(), &entry);
      if (code == ARCHIVE_EOF) return {};
      if (code != ARCHIVE_OK) return archive_error(reader_.get(), file_);
      BDAAS_TRY(take(entry));
    }
  }

 private:
  // Where an entry goes; nothing when no rule wants it.
  std::optional<std::string> target_of(std::string_view name) const {
    for (const auto& rule : rules_) {
      if (name.starts_with(rule.from)) return rule.to + std::string(name.substr(rule.from.size()));
    }
    return std::nullopt;
  }

  Result<> take(archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    const auto target = target_of(name == nullptr ? "" : name);
    if (!target || archive_entry_filetype(entry) == AE_IFDIR) return {};
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      return fail(ErrorKind::corrupted, "'{}' holds '{}', which is no ordinary file",
                  file_.native(), name);
    }
    BDAAS_ASSIGN(const auto path, join_below(into_, *target));
    BDAAS_TRY(make_directory(path.parent_path()));
    BDAAS_TRY(write(path, *target));
    return seal(path, (archive_entry_perm(entry) & 0100) != 0);
  }

  Result<> write(const fs::path& path, const std::string& name) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.valid()) return os_error(errno, fmt::format("cannot make '{}'", path.native()));
    Sha256 hash;
    std::int64_t bytes = 0;
    for (;;) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int code = archive_read_data_block(reader_.get(), &data, &size, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code != ARCHIVE_OK || offset != bytes) return archive_error(reader_.get(), file_);
      const std::string_view block(static_cast<const char*>(data), size);
      hash.update(block);
      bytes += static_cast<std::int64_t>(size);
      BDAAS_TRY(write_all(fd.get(), block, path));
    }
    manifest_.files.push_back({name, bytes, hash.hex()});
    return {};
  }

  const std::vector<UnpackRule>& rules_;
  const fs::path file_;
  const fs::path& into_;
  Manifest& manifest_;
  ArchiveReader reader_;
};

}  // namespace

Result<> lay_out_package(const PackageSpec& package, const fs::path& downloads,
                         const fs::path& into) {
  Manifest manifest{package.name, package.version, {}};
  for (const auto& file : package.files) {
    const auto path = downloads / file.file;
    std::error_code error;
    if (!fs::exists(path, error)) {
      return fail(ErrorKind::not_found, "the client did not bring '{}'", file.file);
    }
    auto checked = check_content(path, file.bytes, file.sha256);
    if (!checked && package.from == Registry::maven) {
      return fail(ErrorKind::corrupted,
                  "the Maven repository sent '{}' with another checksum than the pinned one; name "
                  "another mirror in ~/.m2/settings.xml and try again",
                  file.coordinates);
    }
    BDAAS_TRY(std::move(checked));
    if (!package.extract.empty()) {
      BDAAS_TRY(Unpacking(package.extract, path, into, manifest).run());
    }
    if (package.unpack.empty()) {
      BDAAS_TRY(move_file(path, into / file.file));
      manifest.files.push_back({file.file, file.bytes, file.sha256});
    } else {
      BDAAS_TRY(Unpacking(package.unpack, path, into, manifest).run());
    }
  }
  BDAAS_TRY(write_file(into / kManifest, write_json_pretty(to_json(manifest)), 0444));
  return {};
}

Result<> verify_package(const fs::path& dir) {
  auto text = read_file(dir / kManifest);
  if (!text) return differs(dir / kManifest, "cannot be read");
  auto value = parse_json(*text);
  if (!value) return differs(dir / kManifest, "is no JSON any more");
  auto manifest = from_json<Manifest>(*value);
  if (!manifest) return differs(dir / kManifest, "is no manifest any more");
  for (const auto& file : manifest->files) {
    BDAAS_TRY(check_content(dir / file.name, file.bytes, file.sha256));
  }
  return {};
}

}  // namespace bdaas
