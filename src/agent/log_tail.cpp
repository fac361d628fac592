#include "agent/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/os_error.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

std::string read_from(int fd, std::uint64_t begin, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t now =
        ::pread(fd, text.data() + got, text.size() - got, static_cast<off_t>(begin + got));
    if (now <= 0) break;
    got += static_cast<std::size_t>(now);
  }
  text.resize(got);
  return text;
}

// A message is JSON and so UTF-8; a program may print anything.
std::string as_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = lead < 0x80       ? 1
                               : lead >> 5 == 6  ? 2
                               : lead >> 4 == 14 ? 3
                               : lead >> 3 == 30 ? 4
                                                 : 0;
    bool whole = length > 0 && i + length <= bytes.size();
    for (std::size_t k = 1; whole && k < length; ++k) {
      whole = (static_cast<unsigned char>(bytes[i + k]) & 0xC0) == 0x80;
    }
    if (whole) {
      text += bytes.substr(i, length);
    } else {
      text += '?';
    }
    i += whole ? length : 1;
  }
  return text;
}

}  // namespace

std::string log_tail(const fs::path& path, std::uint64_t begin) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (begin > size) begin = 0;  // it was cut meanwhile
  begin = std::max(begin, size > kTailBytes ? size - kTailBytes : 0);
  return as_text(last_lines(read_from(fd.get(), begin, size - begin), kTailLines));
}

Result<bool> bound_log(const fs::path& path, std::uint64_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return false;  // not begun yet
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size <= bytes_max) return false;
  const auto kept = bytes_max / 4;
  auto old = path;
  old += ".1";
  BDAAS_TRY(write_file(old, read_from(fd.get(), size - kept, kept)));
  if (::ftruncate(fd.get(), 0) != 0) {
    return os_error(errno, fmt::format("cannot cut the log '{}'", path.native()));
  }
  return true;
}

}  // namespace bdaas
