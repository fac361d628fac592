#include "cli/tar_source.h"

#include <algorithm>
#include <cstring>

#include "base/os_error.h"
#include "base/utf8.h"

namespace bdaas::cli {

namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kTrailer = 2 * kBlock;
constexpr std::size_t kNameMax = 100;
constexpr std::size_t kPrefixMax = 155;
constexpr std::uint64_t kSizeMax = 077777777777;  // 11 octal digits

// The ustar header, POSIX.1-1988: offsets are fixed by the format.
struct Ustar {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(Ustar) == kBlock);

std::uint64_t padded(std::uint64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

template <std::size_t N>
void put_octal(char (&field)[N], std::uint64_t value) {
  const auto digits = fmt::format("{:0{}o}", value, N - 1);
  std::memcpy(field, digits.data(), N - 1);  // the last byte stays NUL
}

template <std::size_t N>
void put_text(char (&field)[N], std::string_view text) {
  std::copy_n(text.begin(), std::min(N, text.size()), field);  // also of an empty view
}

struct SplitName {
  std::string_view prefix;
  std::string_view name;
};

// A long name is cut at a '/': 155 bytes before it, 100 after it. Nothing when there is no such
// place.
std::optional<SplitName> split_name(std::string_view name) {
  if (name.size() <= kNameMax) return SplitName{{}, name};
  const auto slash = name.find('/', name.size() - kNameMax - 1);
  if (slash == std::string_view::npos || slash > kPrefixMax) return std::nullopt;
  return SplitName{name.substr(0, slash), name.substr(slash + 1)};
}

std::string ustar_block(SplitName name, std::uint64_t bytes, char type) {
  Ustar header{};
  put_text(header.name, name.name);
  put_text(header.prefix, name.prefix);
  put_octal(header.mode, 0644);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, bytes);
  put_octal(header.mtime, 0);
  header.type = type;
  put_text(header.magic, std::string_view("ustar\0", 6));
  put_text(header.version, "00");
  std::memset(header.checksum, ' ', sizeof(header.checksum));
  unsigned sum = 0;
  const auto* bytes_of = reinterpret_cast<const unsigned char*>(&header);
  for (std::size_t i = 0; i < sizeof(header); ++i) sum += bytes_of[i];
  const auto digits = fmt::format("{:06o}", sum);
  std::memcpy(header.checksum, digits.data(), 6);
  header.checksum[6] = '\0';
  return {reinterpret_cast<const char*>(&header), sizeof(header)};
}

// "<length> key=value\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const auto rest = fmt::format(" {}={}\n", key, value);
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) {
    length = std::to_string(length).size() + rest.size();
  }
  return std::to_string(length) + rest;
}

Error refuse(const fs::path& path, std::string_view why) {
  return fail(ErrorKind::invalid_argument, "'{}' {}", printable(path.native()), why);
}

Result<> check_entry(const fs::directory_entry& entry) {
  std::error_code error;
  const auto status = entry.symlink_status(error);
  if (error) {
    return os_error(error.value(),
                    fmt::format("cannot read '{}'", printable(entry.path().native())));
  }
  if (fs::is_symlink(status)) {
    return refuse(entry.path(),
                  "is a symbolic link, and none is followed inside a directory; "
                  "put the file itself there, or name it with --data");
  }
  if (!fs::is_regular_file(status) && !fs::is_directory(status)) {
    return refuse(entry.path(), "is neither a file nor a directory");
  }
  if (entry.path().filename().native().find(':') != std::string::npos) {
    return refuse(entry.path(), "has a ':' in its name, which HDFS does not take; rename it");
  }
  return {};
}

}  // namespace

std::string tar_header(const std::string& name, std::uint64_t bytes) {
  std::string records;
  auto split = split_name(name);
  if (!split) records += pax_record("path", name);
  if (bytes > kSizeMax) records += pax_record("size", std::to_string(bytes));
  std::string header;
  if (!records.empty()) {
    header = ustar_block({{}, "pax"}, records.size(), 'x') + records;
    header.resize(kBlock + padded(records.size()));
  }
  const auto shown = split.value_or(SplitName{{}, std::string_view(name).substr(0, kNameMax)});
  return header + ustar_block(shown, std::min(bytes, kSizeMax), '0');
}

Result<std::unique_ptr<TarSource>> TarSource::open(const fs::path& directory) {
  std::unique_ptr<TarSource> source(new TarSource(directory));
  BDAAS_TRY(source->scan());
  if (source->content_bytes_ == 0) return refuse(directory, "holds no file with a byte in it");
  source->lay_out();
  return source;
}

Result<> TarSource::scan() {
  std::error_code error;
  fs::recursive_directory_iterator at(directory_, error);
  const fs::recursive_directory_iterator end;
  while (!error && at != end) {
    const auto& entry = *at;
    BDAAS_TRY(check_entry(entry));
    if (!entry.is_directory(error) && !error) {
      TarFile file;
      file.name = entry.path().lexically_relative(directory_).generic_string();
      if (!is_utf8(file.name)) return refuse(entry.path(), "has a name that is not UTF-8");
      file.bytes = entry.file_size(error);
      if (error) break;
      content_bytes_ += file.bytes;
      files_.push_back(std::move(file));
    }
    at.increment(error);
  }
  if (error) {
    return os_error(error.value(),
                    fmt::format("cannot read the directory '{}'", printable(directory_.native())));
  }
  std::sort(files_.begin(), files_.end(),
            [](const TarFile& a, const TarFile& b) { return a.name < b.name; });
  return {};
}

void TarSource::lay_out() {
  std::uint64_t at = 0;
  for (auto& file : files_) {
    file.header_at = at;
    file.content_at = at + tar_header(file.name, file.bytes).size();
    at = file.content_at + padded(file.bytes);
  }
  length_ = at + kTrailer;
}

Result<std::size_t> TarSource::read(std::uint64_t offset, std::span<char> buffer) {
  const auto wanted = std::min<std::uint64_t>(buffer.size(), length_ - std::min(offset, length_));
  std::size_t have = 0;
  while (have < wanted) {
    BDAAS_ASSIGN(const auto got, read_part(offset + have, buffer.subspan(have, wanted - have)));
    have += got;
  }
  return have;
}

// Up to the end of the header, content or padding in which offset lies.
Result<std::size_t> TarSource::read_part(std::uint64_t offset, std::span<char> buffer) {
  const auto next = std::upper_bound(
      files_.begin(), files_.end(), offset,
      [](std::uint64_t value, const TarFile& file) { return value < file.header_at; });
  const TarFile& file = *(next - 1);  // the first header stands at 0
  if (offset < file.content_at) {
    const auto header = tar_header(file.name, file.bytes);
    const auto from = offset - file.header_at;
    const auto count = std::min<std::uint64_t>(buffer.size(), header.size() - from);
    std::memcpy(buffer.data(), header.data() + from, count);
    return count;
  }
  if (offset < file.content_at + file.bytes) return read_content(file, offset, buffer);
  const auto end = next == files_.end() ? length_ : next->header_at;
  const auto count = std::min<std::uint64_t>(buffer.size(), end - offset);
  std::memset(buffer.data(), 0, count);
  return count;
}

Result<std::size_t> TarSource::read_content(const TarFile& file, std::uint64_t offset,
                                            std::span<char> buffer) {
  if (open_file_ != &file) {
    const auto path = directory_ / file.name;
    BDAAS_ASSIGN(auto source, open_file_source(path));
    if (source->length() != file.bytes) return refuse(path, "changed while it was being sent");
    open_source_ = std::move(source);
    open_file_ = &file;
  }
  const auto from = offset - file.content_at;
  return open_source_->read(
      from, buffer.first(std::min<std::uint64_t>(buffer.size(), file.bytes - from)));
}

}  // namespace bdaas::cli
