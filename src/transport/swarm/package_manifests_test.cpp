#include "transport/swarm/package_manifests.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

class PackageManifestsTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) const {
    const auto path = dir_.path() / "aa" / name;
    ASSERT_TRUE(make_directory(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, content).ok());
  }
  Result<PackageManifest> manifest() const {
    return PackageManifests(dir_.path()).manifest_of("aa", cancel_);
  }

  TempDir dir_ = TempDir::make().value();
  std::atomic<bool> cancel_ = false;
};

TEST_F(PackageManifestsTest, ListsFilesAndWhatEachChunkHashesTo) {
  const std::string large(static_cast<std::size_t>(kChunkBytes) + 10, 'x');
  write("b/large", large);
  write("a", "first");
  const auto found = manifest().value();
  ASSERT_EQ(found.files.size(), 2u);
  EXPECT_EQ(found.files[0].path, "a");
  EXPECT_EQ(found.files[1].path, "b/large");
  const auto flow = "first" + large;
  ASSERT_EQ(found.chunks.size(), 2u);
  EXPECT_EQ(found.chunks[0], sha256_hex(flow.substr(0, kChunkBytes)));
  EXPECT_EQ(found.chunks[1], sha256_hex(flow.substr(kChunkBytes)));
  EXPECT_TRUE(ChunkMap::make({found}).ok());
}

TEST_F(PackageManifestsTest, ReadsAgainOnlyWhatHasChanged) {
  write("a", "one");
  const auto first = manifest().value();
  const auto kept = dir_.path() / ".manifests" / "aa.json";
  auto marked = read_file(kept).value();
  marked.replace(marked.find(first.chunks[0]), 4, "ffff");
  ASSERT_TRUE(write_file(kept, marked).ok());
  EXPECT_EQ(manifest()->chunks[0].substr(0, 4), "ffff") << "it was not read again";
  PackageManifests(dir_.path()).forget("aa");
  EXPECT_EQ(manifest().value(), first);
  write("a", "other");
  EXPECT_EQ(manifest()->chunks[0], sha256_hex("other"));
  ASSERT_TRUE(write_file(kept, "no JSON").ok());
  EXPECT_EQ(manifest()->chunks[0], sha256_hex("other"));
}

TEST_F(PackageManifestsTest, EndsWhenNobodyWantsIt) {
  write("a", "one");
  cancel_ = true;
  EXPECT_EQ(manifest().error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace bdaas
