#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>

#include "base/id.h"
#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

constexpr std::size_t kReadChunkBytes = 64 * 1024;
constexpr std::size_t kPartBytesMax = 255;   // NAME_MAX of every Linux file system
constexpr std::size_t kPathBytesMax = 4095;  // PATH_MAX without its NUL

Error path_error(int code, std::string_view what, const fs::path& path) {
  return os_error(code, fmt::format("cannot {} '{}'", what, printable(path.native())));
}

Result<> write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return path_error(errno, "write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> fill_temporary(const UniqueFd& fd, const fs::path& path, std::string_view content,
                        mode_t mode, bool durable) {
  if (::fchmod(fd.get(), mode) != 0) return path_error(errno, "set the mode of", path);
  BDAAS_TRY(write_all(fd.get(), content, path));
  if (durable && ::fsync(fd.get()) != 0) return path_error(errno, "sync", path);
  return {};
}

Result<> sync_directory(const fs::path& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return path_error(errno, "sync", directory);
  return {};
}

// ---- removing a tree ----

// A level holds one descriptor, so a deep tree could use them all up. Directories deeper than this
// are moved up to the tree's root and removed by a later pass.
constexpr int kLevelsMax = 64;

struct Removal {
  int root_fd = -1;
  std::uint64_t hoisted = 0;   // total, names them apart
  std::uint64_t progress = 0;  // entries removed or hoisted
};

Result<> remove_entries(UniqueFd directory, int level, Removal& removal);

// A directory of our own that lost its permissions must not stop its removal.
UniqueFd open_to_empty(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(parent, name, kFlags));
  if (!fd.valid() && errno == EACCES && ::fchmodat(parent, name, 0700, 0) == 0) {
    fd.reset(::openat(parent, name, kFlags));
  }
  return fd;
}

Result<> remove_directory(int parent, const char* name, int level, Removal& removal) {
  if (level >= kLevelsMax) {
    const auto away = fmt::format(".removing-{}-{}", ::getpid(), removal.hoisted++);
    if (::renameat(parent, name, removal.root_fd, away.c_str()) == 0) ++removal.progress;
    return {};
  }
  UniqueFd fd = open_to_empty(parent, name);
  if (!fd.valid()) return errno == ENOENT ? Result<>() : path_error(errno, "open", name);
  BDAAS_TRY(remove_entries(std::move(fd), level + 1, removal));
  if (::unlinkat(parent, name, AT_REMOVEDIR) == 0) ++removal.progress;
  return {};  // not empty yet: the next pass, or the root's own rmdir says so
}

Result<> remove_entry(int parent, const char* name, int level, Removal& removal) {
  if (::unlinkat(parent, name, 0) == 0) {
    ++removal.progress;
    return {};
  }
  if (errno == EISDIR || errno == EPERM) return remove_directory(parent, name, level, removal);
  return errno == ENOENT ? Result<>() : path_error(errno, "remove", name);
}

Result<> remove_entries(UniqueFd directory, int level, Removal& removal) {
  struct stat status {};
  constexpr mode_t kAll = S_IRUSR | S_IWUSR | S_IXUSR;
  if (::fstat(directory.get(), &status) == 0 && (status.st_mode & kAll) != kAll) {
    ::fchmod(directory.get(), 0700);  // when it fails, the removal below says so
  }
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(directory.get()));
  if (!stream) return os_error(errno, "cannot list a directory that is being removed");
  const int fd = directory.release();  // the stream closes it
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    BDAAS_TRY(remove_entry(fd, entry->d_name, level, removal));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::uint64_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return path_error(errno, "open", path);
  std::string content;
  while (content.size() <= max_bytes) {
    const std::size_t before = content.size();
    content.resize(before + kReadChunkBytes);
    const ssize_t got = ::read(fd.get(), content.data() + before, kReadChunkBytes);
    const int code = errno;
    content.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return content;
    if (got < 0 && code != EINTR) return path_error(code, "read", path);
  }
  return fail(ErrorKind::resource_exhausted, "'{}' is larger than the {} bytes it may have",
              printable(path.native()), max_bytes);
}

Result<> write_file(const fs::path& path, std::string_view content, mode_t mode, bool durable) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  SystemEntropy entropy;
  const fs::path temporary = directory / (".writing-" + random_text(entropy, 16));
  const UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return path_error(errno, "create a file for", path);
  auto written = fill_temporary(fd, path, content, mode, durable);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = path_error(errno, "replace", path);
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return durable ? sync_directory(directory) : Result<>();
}

Result<> make_directory(const fs::path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    BDAAS_TRY(make_directory(path.parent_path(), mode));
    if (::mkdir(path.c_str(), mode) == 0) return {};
  }
  const int code = errno;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return path_error(code, "make the directory", path);
}

Result<> remove_tree(const fs::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return path_error(errno, "remove", path);
  Removal removal;
  for (;;) {
    UniqueFd root = open_to_empty(AT_FDCWD, path.c_str());
    if (!root.valid()) return errno == ENOENT ? Result<>() : path_error(errno, "open", path);
    const auto before = removal.progress;
    removal.root_fd = root.get();
    BDAAS_TRY(remove_entries(std::move(root), 0, removal)
                  .context(fmt::format("cannot remove '{}'", printable(path.native()))));
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != ENOTEMPTY && errno != EEXIST) return path_error(errno, "remove", path);
    if (removal.progress == before) return path_error(errno, "remove", path);
  }
}

Result<FileStamp> stamp_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return path_error(errno, "look at", path);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid_argument, "'{}' is no file", printable(path.native()));
  }
  if (::access(path.c_str(), R_OK) != 0) return path_error(errno, "read", path);
  // Two writes in one tick of the file system's clock differ by the inode when they replace it.
  return FileStamp{status.st_size,
                   fmt::format("{}.{:09}-{}-{}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                               status.st_dev, status.st_ino)};
}

Result<std::uint64_t> free_bytes(const fs::path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return path_error(errno, "measure the disk of", path);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

Result<> check_relative_name(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::invalid_argument, "the name '{}' {}", printable(name), why);
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > kPathBytesMax) return refuse("is longer than 4095 bytes");
  if (name.front() == '/') return refuse("is absolute; give it relative to its directory");
  if (name.find('\0') != name.npos) return refuse("contains a NUL byte");
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty()) return refuse("has an empty part; write single slashes and none at the end");
    if (part == "." || part == "..") return refuse("has a '.' or '..' part");
    if (part.size() > kPartBytesMax) return refuse("has a part of more than 255 bytes");
    begin = end + 1;
  }
  return {};
}

Result<fs::path> join_below(const fs::path& root, std::string_view name) {
  BDAAS_TRY(check_relative_name(name));
  fs::path joined = root / fs::path(name);
  if (joined.native().size() > kPathBytesMax) {
    return fail(ErrorKind::invalid_argument, "the name '{}' is too long below '{}'",
                printable(name), printable(root.native()));
  }
  return joined;
}

}  // namespace bdaas
