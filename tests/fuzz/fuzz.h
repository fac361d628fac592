#pragma once
// What the fuzz targets share. A target feeds one parser with bytes of strangers; it fails by a
// sanitizer's report, by a time-out, or by a property that does not hold.

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace bdaas::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// The bytes as a file, for parsers that read files. It lives in memory and ends with the object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    require(::write(fd_.get(), bytes.data(), bytes.size()) == static_cast<::ssize_t>(bytes.size()),
            "a file in memory takes its bytes");
  }
  std::filesystem::path path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

 private:
  UniqueFd fd_;
};

// Feeds a piecewise parser the whole text at once, and in pieces whose lengths the text itself
// gives; both must say the same. `parse` takes a vector of pieces.
template <typename Parse>
void same_in_pieces(std::string_view text, const Parse& parse) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = 1 + static_cast<unsigned char>(text[at]) % 7;
    pieces.push_back(text.substr(at, length));
    at += pieces.back().size();
  }
  require(parse(pieces) == parse({text}), "pieces say what the whole says");
}

}  // namespace bdaas::fuzz
