#include "transport/ssh/package_sender.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "base/files.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr Millis kSendTime{30 * 60'000};
constexpr std::size_t kPieceBytes = 256 * 1024;

// The host says why.
Error not_taken() { return fail(ErrorKind::cancelled, "the package is not taken any more"); }

Result<> put(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(to, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EPIPE) return not_taken();
    if (sent < 0) return os_error(errno, "cannot send the package");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<> put_file(int to, const fs::path& path, const std::string& name) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return os_error(errno, fmt::format("cannot read '{}'", path.native()));
  }
  PackageFile file{.path = name,
                   .bytes = status.st_size,
                   .mode = status.st_mode & 0777,
                   .changed_at = Time(
                       Millis(status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000))};
  BDAAS_TRY(put(to, write_json(to_json(file)) + "\n"));
  std::string piece(kPieceBytes, '\0');
  for (std::int64_t left = file.bytes; left > 0;) {
    const auto wanted = std::min<std::int64_t>(left, static_cast<std::int64_t>(piece.size()));
    const ssize_t got = ::read(fd.get(), piece.data(), static_cast<std::size_t>(wanted));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorKind::corrupted, "'{}' became shorter", path.native());
    BDAAS_TRY(put(to, {piece.data(), static_cast<std::size_t>(got)}));
    left -= got;
  }
  return {};
}

Result<> put_package(int to, const fs::path& package) {
  std::error_code error;
  fs::recursive_directory_iterator all(package, error);
  for (; !error && all != fs::recursive_directory_iterator(); all.increment(error)) {
    if (!all->is_regular_file(error) || error) continue;
    BDAAS_TRY(put_file(to, all->path(), all->path().lexically_relative(package).native()));
  }
  if (error) return os_error(error.value(), fmt::format("cannot list '{}'", package.native()));
  return put(to, write_json(to_json(PackageFile{})) + "\n");
}

}  // namespace

Result<> PackageSender::carry(const Machine& machine, const std::vector<std::string>& names,
                              const std::atomic<bool>& cancel) {
  const std::string base = base_of(machine);
  BDAAS_ASSIGN(const auto missing,
               ask_host<PackagesMissing>(agents_, *machine.ssh, "packages",
                                         PackagesQuestion{.base = base, .names = names}));
  for (const auto& name : missing.names) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return os_error(errno, "cannot make a pipe");
    UniqueFd from(ends[0]);
    Result<> put;
    std::thread writer([to = UniqueFd(ends[1]), &put, package = packages_ / name] {
      put = put_package(to.get(), package);
    });
    RemoteCommand command;
    command.input_fd = from.get();
    command.timeout = kSendTime;
    command.cancel = &cancel;
    auto taken = agents_.run(*machine.ssh, base, {"receive", "--base", base, "--package", name},
                             std::move(command));
    from.reset();  // the writer of what is not taken ends
    writer.join();
    // A package that cannot be read here ends early there, which is not the cause.
    if (!put && put.error().kind != ErrorKind::cancelled) return put;
    if (!taken) {
      return std::move(taken).error().context(fmt::format("package {} to the host", name));
    }
  }
  return {};
}

}  // namespace bdaas
