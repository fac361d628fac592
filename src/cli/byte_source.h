#pragma once
// Bytes of known length that can be read from any place, so that a broken upload goes on where the
// server stands. One thread at a time.

#include <cstdint>
#include <memory>
#include <span>

#include "base/files.h"

namespace bdaas::cli {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t length() const = 0;
  // Fills the whole buffer, or up to the end. An error when what is read is no longer what was
  // measured.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) = 0;
};

// One regular file, as long as it was when opened.
Result<std::unique_ptr<ByteSource>> open_file_source(const fs::path& path);

}  // namespace bdaas::cli
