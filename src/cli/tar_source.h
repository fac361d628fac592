#pragma once
// A directory as one POSIX tar (ustar, pax where a name or a size does not fit), never written to
// disk: its length is known beforehand and any part of it can be made again. Files only, sorted by
// name, relative to the directory; owner, mode and time are constants, so equal contents give equal
// bytes. No link is followed: one is an error that names it.

#include "cli/byte_source.h"

namespace bdaas::cli {

struct TarFile {
  std::string name;  // relative, with '/'
  std::uint64_t bytes = 0;
  std::uint64_t header_at = 0;  // offset in the archive
  std::uint64_t content_at = 0;
};

class TarSource final : public ByteSource {
 public:
  // invalid_argument: a link, a device, a name that is no UTF-8, no file with a byte in it.
  static Result<std::unique_ptr<TarSource>> open(const fs::path& directory);

  std::uint64_t length() const override { return length_; }
  Result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) override;

  std::size_t files() const { return files_.size(); }
  std::uint64_t content_bytes() const { return content_bytes_; }

 private:
  explicit TarSource(fs::path directory) : directory_(std::move(directory)) {}
  Result<> scan();
  void lay_out();
  Result<std::size_t> read_part(std::uint64_t offset, std::span<char> buffer);
  Result<std::size_t> read_content(const TarFile& file, std::uint64_t offset,
                                   std::span<char> buffer);

  fs::path directory_;
  std::vector<TarFile> files_;
  std::uint64_t length_ = 0;
  std::uint64_t content_bytes_ = 0;
  const TarFile* open_file_ = nullptr;  // whose content open_source_ reads
  std::unique_ptr<ByteSource> open_source_;
};

// Everything before the content: the ustar header, with a pax header before it where one is needed.
std::string tar_header(const std::string& name, std::uint64_t bytes);

}  // namespace bdaas::cli
