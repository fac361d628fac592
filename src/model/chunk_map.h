#pragma once
// Packages cut into chunks: which bytes of which files each is, and what it must hash to. Pure.
//
// A package is the content of its files, one after the other, in the order of its manifest. Its
// chunks have kChunkBytes, the last one what is left. The chunks of several packages are numbered
// through, in the order of the packages.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"
#include "base/result.h"

namespace bdaas {

inline constexpr std::int64_t kChunkBytes = 1 << 20;

struct PackageFile {
  std::string path;  // relative
  std::int64_t bytes = 0;
  std::int64_t mode = 0644;
  Time changed_at{};  // class archives know the files they were made of by it

  bool operator==(const PackageFile&) const = default;

  static constexpr auto fields() {
    return std::tuple{required("path", &PackageFile::path, "relative"),
                      required("bytes", &PackageFile::bytes, ""),
                      required("mode", &PackageFile::mode, "permission bits"),
                      required("changed_at", &PackageFile::changed_at, "")};
  }
};

struct PackageManifest {
  std::string name;
  std::vector<PackageFile> files;
  std::vector<std::string> chunks;  // SHA-256 of each

  bool operator==(const PackageManifest&) const = default;

  static constexpr auto fields() {
    return std::tuple{required("name", &PackageManifest::name, "its directory's"),
                      required("files", &PackageManifest::files, ""),
                      required("chunks", &PackageManifest::chunks, "SHA-256 of each")};
  }
};

// Numbers of chunks.
class ChunkSet {
 public:
  explicit ChunkSet(int size = 0)
      : size_(size), words_((static_cast<std::size_t>(size) + 63) / 64) {}
  int size() const { return size_; }
  int count() const { return count_; }
  bool is_full() const { return count_ == size_; }
  bool has(int chunk) const { return (words_[word(chunk)] & bit(chunk)) != 0; }
  void add(int chunk) {
    count_ += has(chunk) ? 0 : 1;
    words_[word(chunk)] |= bit(chunk);
  }
  void remove(int chunk) {
    count_ -= has(chunk) ? 1 : 0;
    words_[word(chunk)] &= ~bit(chunk);
  }
  // 64 of them at a time; those beyond size() are never set.
  const std::vector<std::uint64_t>& words() const { return words_; }

 private:
  static std::size_t word(int chunk) { return static_cast<std::size_t>(chunk) / 64; }
  static std::uint64_t bit(int chunk) { return std::uint64_t{1} << (chunk % 64); }

  int size_;
  int count_ = 0;
  std::vector<std::uint64_t> words_;
};

class ChunkMap {
 public:
  // A part of a file.
  struct Piece {
    std::size_t package;
    const PackageFile* file;
    std::int64_t at;
    std::int64_t bytes;
  };

  // corrupted: names or numbers that cannot be.
  static Result<ChunkMap> make(std::vector<PackageManifest> packages);

  const std::vector<PackageManifest>& packages() const { return packages_; }
  int count() const { return first_.back(); }
  int first_of(std::size_t package) const { return first_[package]; }
  int end_of(std::size_t package) const { return first_[package + 1]; }
  std::size_t package_of(int chunk) const;
  std::int64_t bytes_of(int chunk) const;
  std::int64_t bytes_of_package(std::size_t package) const { return starts_[package].back(); }
  const std::string& sha256_of(int chunk) const;
  // Of a part of a chunk, in order.
  std::vector<Piece> pieces(int chunk, std::int64_t offset, std::int64_t bytes) const;

 private:
  std::vector<PackageManifest> packages_;
  std::vector<int> first_;                         // chunk of each package; last: behind all
  std::vector<std::vector<std::int64_t>> starts_;  // of each package's files; last: its end
};

// How many chunks so many bytes make.
inline std::int64_t chunks_for(std::int64_t bytes) {
  return (bytes + kChunkBytes - 1) / kChunkBytes;
}

}  // namespace bdaas
