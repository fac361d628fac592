#include "model/chunk_map.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr std::int64_t kBytesMax = std::int64_t{1} << 40;
constexpr std::int64_t kChunksMax = kBytesMax / kChunkBytes;
constexpr std::size_t kSha256Digits = 64;

Result<std::vector<std::int64_t>> starts_of(const PackageManifest& package) {
  std::vector<std::int64_t> starts{0};
  std::set<std::string_view> paths;
  for (const auto& file : package.files) {
    BDAAS_TRY(check_relative_name(file.path));
    if (!paths.insert(file.path).second) {
      return fail(ErrorKind::corrupted, "'{}' is there twice", file.path);
    }
    if (file.bytes < 0 || file.bytes > kBytesMax - starts.back()) {
      return fail(ErrorKind::corrupted, "'{}' has {} bytes", file.path, file.bytes);
    }
    starts.push_back(starts.back() + file.bytes);
  }
  return starts;
}

Result<> check_chunks(const PackageManifest& package, std::int64_t bytes) {
  if (static_cast<std::int64_t>(package.chunks.size()) != chunks_for(bytes)) {
    return fail(ErrorKind::corrupted, "{} chunks for {} bytes", package.chunks.size(), bytes);
  }
  const auto is_wrong = [](const std::string& text) { return text.size() != kSha256Digits; };
  if (std::none_of(package.chunks.begin(), package.chunks.end(), is_wrong)) return {};
  return fail(ErrorKind::corrupted, "a checksum is not of {} digits", kSha256Digits);
}

}  // namespace

Result<ChunkMap> ChunkMap::make(std::vector<PackageManifest> packages) {
  ChunkMap map;
  map.first_.push_back(0);
  std::set<std::string_view> names;
  for (const auto& package : packages) {
    const auto where = fmt::format("package {}", printable(package.name));
    if (auto name = check_relative_name(package.name); !name) {
      return std::move(name).error().context(where);
    }
    if (package.name.find('/') != package.name.npos || !names.insert(package.name).second) {
      return fail(ErrorKind::corrupted, "{} is no name, or there twice", where);
    }
    auto starts = starts_of(package);
    if (!starts) return std::move(starts).error().context(where);
    if (auto chunks = check_chunks(package, starts->back()); !chunks) {
      return std::move(chunks).error().context(where);
    }
    const auto end = map.first_.back() + static_cast<std::int64_t>(package.chunks.size());
    if (end > kChunksMax) return fail(ErrorKind::corrupted, "{}: {} chunks", where, end);
    map.first_.push_back(static_cast<int>(end));
    map.starts_.push_back(*std::move(starts));
  }
  map.packages_ = std::move(packages);
  return map;
}

std::size_t ChunkMap::package_of(int chunk) const {
  const auto behind = std::upper_bound(first_.begin(), first_.end(), chunk);
  return static_cast<std::size_t>(behind - first_.begin()) - 1;
}

std::int64_t ChunkMap::bytes_of(int chunk) const {
  const auto package = package_of(chunk);
  const auto begin = (chunk - first_[package]) * kChunkBytes;
  return std::min(kChunkBytes, bytes_of_package(package) - begin);
}

const std::string& ChunkMap::sha256_of(int chunk) const {
  const auto package = package_of(chunk);
  return packages_[package].chunks[static_cast<std::size_t>(chunk - first_[package])];
}

std::vector<ChunkMap::Piece> ChunkMap::pieces(int chunk, std::int64_t offset,
                                              std::int64_t bytes) const {
  const auto package = package_of(chunk);
  const auto& starts = starts_[package];
  std::int64_t begin = (chunk - first_[package]) * kChunkBytes + offset;
  const std::int64_t end = begin + bytes;
  auto index = static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), begin) -
                                        starts.begin() - 1);
  std::vector<Piece> found;
  for (; begin < end && index + 1 < starts.size(); ++index) {
    const auto part = std::min(end, starts[index + 1]) - begin;
    if (part == 0) continue;  // an empty file
    found.push_back({package, &packages_[package].files[index], begin - starts[index], part});
    begin += part;
  }
  return found;
}

}  // namespace bdaas
