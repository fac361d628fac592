#pragma once
// Reads a POSIX tar (ustar, pax, GNU long names) entry by entry out of a file, without extracting
// anything. Made for archives of strangers: every name is checked by check_relative_name; links,
// devices, pipes and sparse files are refused; sizes are never trusted beyond the file's end.
// Contents are skipped by position, so looking at all names of a large tar costs a small read each.
//
// One owner, one thread at a time. Errors: invalid_argument (it holds what is refused; the message
// names the entry), corrupted (not a tar, or cut off), or what opening and reading the file gave.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/files.h"
#include "base/unique_fd.h"

namespace bdaas {

struct TarEntry {
  std::string name;        // relative, without leading "./" and trailing "/"
  std::int64_t bytes = 0;  // of a file
  bool directory = false;
};

class TarReader {
 public:
  static Result<TarReader> open(const fs::path& path);

  // The next file or directory; nothing at the archive's end. What was not read of the last one is
  // skipped.
  Result<std::optional<TarEntry>> next();

  // Where the next byte of the present file lies in the archive: others may read the contents.
  std::uint64_t content_offset() const { return content_; }

  // The next bytes of the present file, at most buffer.size(); 0 at its end.
  Result<std::size_t> read(std::span<char> buffer);

 private:
  struct Header;
  struct Extension {  // from a pax or GNU header, for the next entry
    std::optional<std::string> name;
    std::optional<std::uint64_t> bytes;
  };

  TarReader(UniqueFd fd, std::string path, std::uint64_t file_bytes)
      : fd_(std::move(fd)), path_(std::move(path)), file_bytes_(file_bytes) {}

  Result<std::optional<Header>> read_header();  // nothing: the end mark
  Result<std::string> read_content(const Header& header) const;
  Result<> take_extension(const Header& header, Extension& extension) const;
  Result<> read_at(std::uint64_t offset, std::span<char> buffer) const;
  Error cut_off() const;

  UniqueFd fd_;
  std::string path_;  // for messages
  std::uint64_t file_bytes_ = 0;
  std::uint64_t next_header_ = 0;   // offset
  std::uint64_t content_ = 0;       // offset of the next byte of the present file
  std::uint64_t content_left_ = 0;  // bytes of the present file
};

}  // namespace bdaas
