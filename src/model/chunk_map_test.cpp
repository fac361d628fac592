#include "model/chunk_map.h"

#include <gmock/gmock.h>

#include <random>

#include "model/swarm_messages.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

PackageManifest package(std::string name, std::vector<std::int64_t> sizes) {
  PackageManifest made{.name = std::move(name), .files = {}, .chunks = {}};
  std::int64_t all = 0;
  for (const auto bytes : sizes) {
    made.files.push_back({.path = fmt::format("f{}", made.files.size()), .bytes = bytes});
    all += bytes;
  }
  made.chunks.assign(static_cast<std::size_t>(chunks_for(all)), std::string(64, 'a'));
  return made;
}

TEST(ChunkMap, EveryByteOfEveryFileIsInOneChunkInOrder) {
  std::mt19937 dice(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::int64_t> sizes;
    for (auto files = dice() % 20; files > 0; --files) {
      sizes.push_back(dice() % 4 == 0 ? 0 : dice() % (3 * kChunkBytes));
    }
    const auto map = ChunkMap::make({package("a", sizes), package("empty", {}), package("b", {5})});
    ASSERT_TRUE(map.ok());
    std::vector<std::int64_t> seen(sizes.size());
    for (int chunk = 0; chunk < map->end_of(0); ++chunk) {
      ASSERT_EQ(map->package_of(chunk), 0u);
      const auto bytes = map->bytes_of(chunk);
      const auto cut = bytes == 0 ? 0 : static_cast<std::int64_t>(dice() % bytes);
      auto pieces = map->pieces(chunk, 0, cut);
      for (const auto& piece : map->pieces(chunk, cut, bytes - cut)) pieces.push_back(piece);
      std::int64_t sum = 0;
      for (const auto& piece : pieces) {
        const auto file = static_cast<std::size_t>(piece.file - map->packages()[0].files.data());
        ASSERT_EQ(piece.at, seen[file]) << "in order";
        seen[file] += piece.bytes;
        sum += piece.bytes;
      }
      ASSERT_EQ(sum, bytes);
    }
    EXPECT_EQ(seen, sizes);
    EXPECT_EQ(map->package_of(map->count() - 1), 2u) << "the empty one has none";
  }
}

TEST(ChunkMap, RefusesWhatCannotBe) {
  const auto refused = [](PackageManifest wrong) {
    const auto made = ChunkMap::make({std::move(wrong)});
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_THAT(refused(package("../a", {1})), HasSubstr(".."));
  EXPECT_THAT(refused(package("a/b", {1})), HasSubstr("no name"));
  EXPECT_THAT(refused(package("a", {-1})), HasSubstr("-1 bytes"));
  auto endless = package("a", {1, 1});
  for (auto& file : endless.files) file.bytes = std::int64_t{1} << 62;
  EXPECT_THAT(refused(endless), HasSubstr("bytes"));
  auto twice = package("a", {1, 1});
  twice.files[1].path = twice.files[0].path;
  EXPECT_THAT(refused(twice), HasSubstr("twice"));
  auto outside = package("a", {1});
  outside.files[0].path = "/etc/passwd";
  EXPECT_FALSE(refused(outside).empty());
  auto few = package("a", {1});
  few.chunks.clear();
  EXPECT_THAT(refused(few), HasSubstr("0 chunks for 1 bytes"));
  auto short_sum = package("a", {1});
  short_sum.chunks[0] = "abc";
  EXPECT_THAT(refused(short_sum), HasSubstr("64 digits"));
  EXPECT_FALSE(ChunkMap::make({package("a", {1}), package("a", {1})}).ok());
}

TEST(SwarmMessages, RunsSayWhatIsThere) {
  ChunkSet set(200);
  for (const int chunk : {0, 1, 2, 63, 64, 199}) set.add(chunk);
  EXPECT_THAT(runs_of(set), testing::ElementsAre(0, 3, 63, 2, 199, 1));
  ChunkSet again(200);
  ASSERT_TRUE(add_runs(runs_of(set), again).ok());
  EXPECT_EQ(again.words(), set.words());
  EXPECT_EQ(again.count(), 6);
  for (const auto& wrong : std::vector<std::vector<std::int64_t>>{
           {0}, {-1, 2}, {199, 2}, {5, -1}, {1, std::numeric_limits<std::int64_t>::max()}}) {
    EXPECT_FALSE(add_runs(wrong, again).ok());
  }
}

TEST(SwarmMessages, ARequestIsItsNumber) {
  EXPECT_EQ(write_chunk_request(0x010203), std::string("\0\1\2\3", 4));
  EXPECT_EQ(read_chunk_request(write_chunk_request(77), 78), 77);
  EXPECT_FALSE(read_chunk_request(write_chunk_request(78), 78));
  EXPECT_FALSE(read_chunk_request("abc", 78));
  EXPECT_FALSE(read_chunk_request("\xff\xff\xff\xff", 78));
}

TEST(SwarmMessages, OrdersAndReportsComeBackAsTheyWere) {
  const JoinSwarm join{
      .base = "/b", .address = "10.0.0.1", .secret = "s", .packages = {package("a", {7})}};
  const auto order = read_message<SwarmOrder>(write_message(SwarmOrder{join}));
  EXPECT_EQ(std::get<JoinSwarm>(*order).packages, join.packages);
  EXPECT_TRUE(read_message<SwarmOrder>(write_message(SwarmOrder{SwarmPing{}})).ok());
  const auto report =
      read_message<SwarmReport>(write_message(SwarmReport{MissedChunk{3, "x:1", "y"}}));
  EXPECT_EQ(std::get<MissedChunk>(*report).from, "x:1");
  EXPECT_FALSE(read_message<SwarmReport>(R"({"type":"kept","more":1})").ok());
}

}  // namespace
}  // namespace bdaas
