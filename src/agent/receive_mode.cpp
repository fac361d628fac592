#include "agent/receive_mode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "base/files.h"
#include "base/os_error.h"
#include "base/unique_fd.h"
#include "model/host_messages.h"

namespace bdaas {

namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024;

// stdin, read in large pieces.
class Input {
 public:
  Result<std::string> line() {
    std::string text;
    for (;;) {
      BDAAS_TRY(fill());
      const char* end = std::find(begin_, end_, '\n');
      text.append(begin_, end);
      const bool whole = end != end_;
      begin_ = whole ? end + 1 : end;
      if (whole) return text;
      if (text.size() > kLineBytesMax) return fail(ErrorKind::corrupted, "a line is too long");
    }
  }

  Result<> copy(std::int64_t bytes, int to) {
    while (bytes > 0) {
      BDAAS_TRY(fill());
      const auto part = std::min<std::int64_t>(bytes, end_ - begin_);
      const ssize_t put = ::write(to, begin_, static_cast<std::size_t>(part));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return os_error(errno, "cannot write a file of the package");
      begin_ += put;
      bytes -= put;
    }
    return {};
  }

 private:
  // At least one byte is there.
  Result<> fill() {
    while (begin_ == end_) {
      const ssize_t got = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return os_error(errno, "cannot read the package");
      if (got == 0) return fail(ErrorKind::unavailable, "the package ended before its end");
      begin_ = buffer_.data();
      end_ = begin_ + got;
    }
    return {};
  }

  std::array<char, 256 * 1024> buffer_;
  const char* begin_ = buffer_.data();
  const char* end_ = begin_;
};

Result<> receive_file(Input& input, const PackageFile& file, const fs::path& root) {
  BDAAS_ASSIGN(const auto path, join_below(root, file.path));
  if (file.bytes < 0) return fail(ErrorKind::corrupted, "a file of {} bytes", file.bytes);
  BDAAS_TRY(make_directory(path.parent_path(), 0700));
  const auto mode = static_cast<mode_t>(file.mode & 0777);
  const UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot make '{}'", path.native()));
  BDAAS_TRY(input.copy(file.bytes, fd.get()));
  const auto since_epoch = file.changed_at.time_since_epoch().count();
  const timespec changed{since_epoch / 1000, since_epoch % 1000 * 1'000'000};
  const std::array<timespec, 2> times{changed, changed};
  if (::fchmod(fd.get(), mode) == 0 && ::futimens(fd.get(), times.data()) == 0) return {};
  return os_error(errno, fmt::format("cannot set mode and time of '{}'", path.native()));
}

Result<> receive_files(const fs::path& root) {
  Input input;
  for (;;) {
    BDAAS_ASSIGN(const auto line, input.line());
    BDAAS_ASSIGN(const auto value, parse_json(line));
    BDAAS_ASSIGN(const auto file, from_json<PackageFile>(value));
    if (file.path.empty()) return {};
    BDAAS_TRY(receive_file(input, file, root));
  }
}

Result<> receive(const std::string& base, const std::string& package) {
  BDAAS_TRY(check_relative_name(package));
  const fs::path packages = HostLayout{base}.packages();
  const fs::path coming = packages / fmt::format(".coming-{}-{}", package, ::getpid());
  BDAAS_TRY(make_directory(coming, 0700));
  auto received = receive_files(coming);
  if (!received) {
    (void)remove_tree(coming);  // the first error is the one that is told
    return received;
  }
  if (::rename(coming.c_str(), (packages / package).c_str()) == 0) return {};
  const int code = errno;
  BDAAS_TRY(remove_tree(coming));
  // Somebody else was faster.
  if (code == ENOTEMPTY || code == EEXIST) return {};
  return os_error(code, fmt::format("cannot keep package {}", package));
}

}  // namespace

int run_receive_mode(const std::string& base, const std::string& package) {
  const auto received = receive(base, package);
  if (received) return 0;
  const auto& error = received.error();
  fmt::print(stderr, "{}\n", write_json(to_json(HostRefusal{error.kind, error.message})));
  return kHostRefuses;
}

}  // namespace bdaas
