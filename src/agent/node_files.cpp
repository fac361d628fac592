#include "agent/node_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error refused(int code, std::string_view what, std::string_view path) {
  if (code == ELOOP || code == ENOTDIR) {
    return fail(ErrorKind::invalid_argument,
                "cannot {} '{}': a link or a file lies on the way; nothing was written", what,
                printable(path));
  }
  return os_error(code, fmt::format("cannot {} '{}'", what, printable(path)));
}

Result<> write_all(int fd, std::string_view content, std::string_view path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused(errno, "write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::string> name_in_node(std::string_view node_dir, std::string_view absolute) {
  while (node_dir.ends_with('/')) node_dir.remove_suffix(1);
  const auto inside = absolute.starts_with(node_dir) && absolute.size() > node_dir.size() &&
                      absolute[node_dir.size()] == '/';
  if (!inside) {
    return fail(ErrorKind::invalid_argument, "'{}' is not below the node's directory '{}'",
                printable(absolute), node_dir);
  }
  const auto name = absolute.substr(node_dir.size() + 1);
  BDAAS_TRY(check_relative_name(name));
  if (name.starts_with("agent.") || name.starts_with("agent-")) {
    return fail(ErrorKind::invalid_argument, "'{}' is the agent's own; choose another name",
                printable(absolute));
  }
  return std::string(name);
}

Result<NodeFiles> NodeFiles::open(const std::string& node_dir) {
  UniqueFd fd(::open(node_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", printable(node_dir)));
  return NodeFiles(node_dir, std::move(fd));
}

Result<UniqueFd> NodeFiles::enter(std::string_view name) const {
  UniqueFd at(::openat(fd_.get(), ".", kDirectoryFlags));
  while (at.valid() && !name.empty()) {
    const auto end = std::min(name.find('/'), name.size());
    const std::string part(name.substr(0, end));
    if (::mkdirat(at.get(), part.c_str(), 0755) != 0 && errno != EEXIST) {
      return refused(errno, "make the directory", part);
    }
    at.reset(::openat(at.get(), part.c_str(), kDirectoryFlags));
    if (!at.valid()) return refused(errno, "enter", part);
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  if (!at.valid()) return refused(errno, "enter", dir_);
  return at;
}

Result<NodeFiles::Place> NodeFiles::place_of(const std::string& path) const {
  BDAAS_ASSIGN(const auto name, name_in_node(dir_, path));
  const auto slash = name.rfind('/');
  const auto parent = slash == std::string::npos ? std::string() : name.substr(0, slash);
  BDAAS_ASSIGN(auto directory, enter(parent).context(printable(path)));
  return Place{std::move(directory), name.substr(slash == std::string::npos ? 0 : slash + 1)};
}

Result<> NodeFiles::make_directory(const std::string& path) const {
  if (path == dir_) return {};
  BDAAS_ASSIGN(const auto name, name_in_node(dir_, path));
  BDAAS_ASSIGN(const auto made, enter(name).context(printable(path)));
  return {};
}

Result<> NodeFiles::write(const FileSpec& file) const {
  BDAAS_ASSIGN(const auto place, place_of(file.path));
  SystemEntropy entropy;
  const auto beside = ".writing-" + random_text(entropy, 16);
  const int at = place.directory.get();
  const UniqueFd fd(
      ::openat(at, beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return refused(errno, "write", file.path);
  auto written = write_all(fd.get(), file.content, file.path);
  if (written && ::fchmod(fd.get(), static_cast<mode_t>(file.mode & 07777)) != 0) {
    written = refused(errno, "set the mode of", file.path);
  }
  if (written && ::renameat(at, beside.c_str(), at, place.name.c_str()) != 0) {
    written = refused(errno, "replace", file.path);
  }
  if (!written) ::unlinkat(at, beside.c_str(), 0);
  return written;
}

Result<UniqueFd> NodeFiles::open_log(const std::string& path) const {
  BDAAS_ASSIGN(const auto place, place_of(path));
  UniqueFd fd(::openat(place.directory.get(), place.name.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd.valid()) return refused(errno, "open", path);
  return fd;
}

}  // namespace bdaas
