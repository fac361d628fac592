#include "agent/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/os_error.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kTracebackBytes = 64 * 1024;

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

std::string read_end(const fs::path& path, std::uint64_t begin, std::uint64_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (begin > size) begin = 0;  // it was cut meanwhile
  begin = std::max(begin, size > bytes_max ? size - bytes_max : 0);
  return read_from(fd.get(), begin, size - begin);
}

std::string without_java_frames(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    if (!line.starts_with("\tat ") && !line.starts_with("\t... ")) kept += line;
    text.remove_prefix(line.size());
  }
  return kept;
}

}  // namespace

std::string log_tail(const fs::path& path, std::uint64_t begin) {
  return as_text(last_lines(read_end(path, begin, kTailBytes), kTailLines));
}

std::string traceback_tail(const fs::path& path) {
  const auto text = read_end(path, 0, kTracebackBytes);
  if (text.find("\n  File \"") == text.npos) return {};
  const auto words = without_java_frames(text);
  const auto cut = words.size() > kTailBytes ? words.size() - kTailBytes : 0;
  return as_text(last_lines(std::string_view(words).substr(cut), kTailLines));
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
