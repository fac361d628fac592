// The format: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU's 'L'
// records and base-256 numbers as in the GNU tar manual, "Basic Tar Format".

#include "base/tar_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kBlockBytes = 512;
constexpr std::uint64_t kExtensionBytesMax =
    64 * 1024;  // names end at 4 KiB; the rest is attributes

using Block = std::array<char, kBlockBytes>;

std::string_view field(const Block& block, std::size_t offset, std::size_t size) {
  const std::string_view all(block.data() + offset, size);
  return all.substr(0, all.find('\0'));
}

// Octal digits with blanks around, or base-256 when the first bit is set.
std::optional<std::uint64_t> number(const Block& block, std::size_t offset, std::size_t size) {
  const auto first = static_cast<unsigned char>(block[offset]);
  std::uint64_t value = 0;
  if ((first & 0x80) != 0) {
    value = first & 0x7f;
    for (std::size_t i = 1; i < size; ++i) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(block[offset + i]);
    }
    return value;
  }
  std::string_view text = field(block, offset, size);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  for (const char c : text) {
    if (c < '0' || c > '7' || value >> 60 != 0) return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

bool checksum_fits(const Block& block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return number(block, 148, 8) == sum;
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.size() > 18) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

std::string_view kind_of_entry(char type) {
  switch (type) {
    case '1':
      return "a hard link";
    case '2':
    case 'K':  // GNU: the long target of one
      return "a symbolic link";
    case '3':
    case '4':
      return "a device";
    case '6':
      return "a pipe";
    case 'S':
      return "a sparse file";
    default:
      return "an entry of an unknown type";
  }
}

// "./a/b/" and "a/b" are one name to every tar program; the root itself ("./") becomes empty.
std::string plain_name(std::string name) {
  while (name.starts_with("./")) name.erase(0, name.find_first_not_of('/', 1));
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  return name == "." ? std::string() : name;
}

std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

}  // namespace

struct TarReader::Header {
  std::string name;
  std::uint64_t bytes = 0;
  char type = '0';
  std::uint64_t content = 0;  // offset
};

Result<TarReader> TarReader::open(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return os_error(errno, fmt::format("cannot open '{}'", printable(path.native())));
  }
  return TarReader(std::move(fd), path.native(), static_cast<std::uint64_t>(status.st_size));
}

Error TarReader::cut_off() const {
  return fail(ErrorKind::corrupted, "the tar '{}' is cut off at byte {}; send it again",
              printable(path_), file_bytes_);
}

Result<> TarReader::read_at(std::uint64_t offset, std::span<char> buffer) const {
  while (!buffer.empty()) {
    const ssize_t got =
        ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, fmt::format("cannot read '{}'", printable(path_)));
    if (got == 0) return cut_off();
    offset += static_cast<std::uint64_t>(got);
    buffer = buffer.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<std::optional<TarReader::Header>> TarReader::read_header() {
  Block block;
  BDAAS_TRY(read_at(next_header_, block));
  if (block == Block{}) return std::optional<Header>();
  Header header;
  const auto bytes = number(block, 124, 12);
  if (!checksum_fits(block) || !bytes) {
    return fail(ErrorKind::corrupted, "'{}' is not a tar, or is damaged at byte {}",
                printable(path_), next_header_);
  }
  header.bytes = *bytes;
  header.type = block[156] == '\0' ? '0' : block[156];
  header.content = next_header_ + kBlockBytes;
  header.name = field(block, 0, 100);
  const bool ustar = std::memcmp(block.data() + 257, "ustar\0", 6) == 0;  // GNU's has "ustar "
  const auto prefix = ustar ? field(block, 345, 155) : std::string_view();
  if (!prefix.empty()) header.name = fmt::format("{}/{}", prefix, header.name);
  return std::optional<Header>(std::move(header));
}

Result<std::string> TarReader::read_content(const Header& header) const {
  if (header.bytes > kExtensionBytesMax) {
    return fail(ErrorKind::invalid_argument,
                "the tar '{}' has a header of {} bytes, {} are allowed", printable(path_),
                header.bytes, kExtensionBytesMax);
  }
  std::string content(header.bytes, '\0');
  BDAAS_TRY(read_at(header.content, content));
  return content;
}

// A pax header is lines of "<length of the line> <key>=<value>\n"; of them path and size matter
// here.
Result<> TarReader::take_extension(const Header& header, Extension& extension) const {
  BDAAS_ASSIGN(const std::string content, read_content(header));
  std::string_view rest = content;
  if (header.type == 'L') {
    while (!rest.empty() && rest.back() == '\0') rest.remove_suffix(1);
    extension.name = rest;
    return {};
  }
  const Error damaged =
      fail(ErrorKind::corrupted, "the tar '{}' has a damaged pax header at byte {}",
           printable(path_), header.content);
  while (!rest.empty()) {
    const auto blank = rest.find(' ');
    const auto length = decimal(rest.substr(0, blank));
    if (!length || *length <= blank + 1 || *length > rest.size() || rest[*length - 1] != '\n') {
      return damaged;
    }
    const std::string_view line = rest.substr(blank + 1, *length - blank - 2);
    rest.remove_prefix(*length);
    const auto equals = line.find('=');
    const std::string_view key = line.substr(0, equals);
    if (key.starts_with("GNU.sparse")) {
      return fail(ErrorKind::invalid_argument,
                  "the tar '{}' holds a sparse file; make it without --sparse", printable(path_));
    }
    if (equals == line.npos || header.type == 'g') continue;
    if (key == "path") extension.name = line.substr(equals + 1);
    if (key == "size") {
      extension.bytes = decimal(line.substr(equals + 1));
      if (!extension.bytes) return damaged;
    }
  }
  return {};
}

Result<std::optional<TarEntry>> TarReader::next() {
  content_left_ = 0;
  Extension extension;
  for (;;) {
    BDAAS_ASSIGN(auto read, read_header());
    if (!read) return std::optional<TarEntry>();
    Header header = *std::move(read);
    const bool extends = header.type == 'x' || header.type == 'g' || header.type == 'L';
    if (!extends && extension.bytes) header.bytes = *extension.bytes;
    if (header.type == '5') header.bytes = 0;  // a limit for its files, says POSIX, not a content
    if (header.bytes > file_bytes_ || header.content + padded(header.bytes) > file_bytes_) {
      return cut_off();
    }
    next_header_ = header.content + padded(header.bytes);
    if (extends) {
      BDAAS_TRY(take_extension(header, extension));
      continue;
    }
    std::string full_name = extension.name ? *extension.name : header.name;
    // Tars before POSIX had no type for directories, but a slash at the end.
    const bool file = header.type == '0' || header.type == '7';
    const bool directory = header.type == '5' || full_name.ends_with('/');
    std::string name = plain_name(std::move(full_name));
    if (!file && header.type != '5') {
      return fail(ErrorKind::invalid_argument,
                  "the entry '{}' is {}; only files and directories are taken", printable(name),
                  kind_of_entry(header.type));
    }
    if (name.empty() && directory) continue;
    BDAAS_TRY(check_relative_name(name));
    content_ = header.content;
    content_left_ = directory ? 0 : header.bytes;
    return std::optional(
        TarEntry{std::move(name), static_cast<std::int64_t>(content_left_), directory});
  }
}

Result<std::size_t> TarReader::read(std::span<char> buffer) {
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), content_left_));
  BDAAS_TRY(read_at(content_, buffer.first(take)));
  content_ += take;
  content_left_ -= take;
  return take;
}

}  // namespace bdaas
