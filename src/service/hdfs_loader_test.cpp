#include "service/hdfs_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/files.h"
#include "service/native/scripted_hdfs.h"
#include "service/scripted_hadoop.h"

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string tar_entry(const std::string& name, const std::string& content, char type = '0') {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    std::memcpy(header.data() + at, text.data(), text.size());
  };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string entry = header + content;
  entry.resize((entry.size() + 511) / 512 * 512, '\0');
  return entry;
}

class HdfsLoaderTest : public ::testing::Test {
 protected:
  HdfsLoaderTest() {
    char name[] = "/tmp/bdaas-loader-XXXXXX";
    dir_ = ::mkdtemp(name);
    // What is written by one door is seen by the other.
    namenode_.set([this](auto& it) {
      it.on_close = [this](const std::string& path, const std::string& content) {
        hadoop_.put(path, content);
      };
      it.on_remove = [this](const std::string& path) { (void)hdfs_.remove(path); };
    });
  }
  ~HdfsLoaderTest() override {
    EXPECT_THAT(namenode_.complaints(), IsEmpty());
    fs::remove_all(dir_);
  }

  DataSource source(DataShape shape, const std::string& content) {
    EXPECT_TRUE(write_file(dir_ / "source", content).ok());
    return {.shape = shape, .path = dir_ / "source", .name = "iliad.txt"};
  }
  Result<> load(const DataSource& source) {
    return load_into_hdfs(hdfs_, {.source = source, .directory = "/in/1", .block_bytes = 65536},
                          progress_);
  }

  fs::path dir_;
  ClusterEndpoints endpoints() const {
    ClusterEndpoints endpoints = hadoop_.endpoints();
    endpoints.namenode_rpc = namenode_.endpoints().namenode_rpc;
    endpoints.hosts = namenode_.endpoints().hosts;
    return endpoints;
  }

  ScriptedHadoop hadoop_;
  ScriptedHdfs namenode_{2};
  HttpClient client_;
  WebHdfs hdfs_{client_, endpoints()};
  LoadProgress progress_;
};

TEST_F(HdfsLoaderTest, LoadsAFile) {
  const std::string content(100'000, 'x');
  const auto done = load(source(DataShape::file, content));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(hadoop_.files(), ElementsAre(Pair("/in/1/iliad.txt", content)));
  EXPECT_EQ(progress_.bytes, 100'000);
  EXPECT_THAT(namenode_.block_sizes("/in/1/iliad.txt"), ElementsAre(65'536, 34'464));
}

TEST_F(HdfsLoaderTest, ALargeFileGoesInPartsAndIsJoined) {
  for (const std::size_t bytes : {200'000, 300'000, 655'360, 1'000'001}) {
    std::string content(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) content[i] = static_cast<char>(i % 251);
    LoadProgress progress;
    const auto done = load_into_hdfs(hdfs_,
                                     {.source = source(DataShape::file, content),
                                      .directory = "/in/1",
                                      .block_bytes = 65'536,
                                      .part_bytes_min = 131'072},
                                     progress);
    ASSERT_TRUE(done.ok()) << bytes << ": " << done.error().message;
    EXPECT_EQ(hadoop_.files().size(), 1u) << bytes;
    EXPECT_TRUE(hadoop_.files()["/in/1/iliad.txt"] == content) << bytes;
    EXPECT_EQ(progress.bytes, static_cast<std::int64_t>(bytes));
  }
  EXPECT_EQ(namenode_.calls("concat"), 3) << "200,000 bytes are one part";
}

TEST_F(HdfsLoaderTest, PartsOfABrokenLoadAreNotCounted) {
  hadoop_.put("/in/1/.bdaas-part-3", "left");
  LoadProgress progress;
  const auto done = load_into_hdfs(hdfs_,
                                   {.source = source(DataShape::file, std::string(300'000, 'x')),
                                    .directory = "/in/1",
                                    .block_bytes = 65'536,
                                    .part_bytes_min = 131'072},
                                   progress);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(hadoop_.files().size(), 1u);
}

TEST_F(HdfsLoaderTest, ABlockThatIsWrittenAgainCountsOnce) {
  namenode_.set([](auto& it) { it.fault = DataNodeFault::fails_midway; });
  ASSERT_TRUE(load(source(DataShape::file, std::string(100'000, 'x'))).ok());
  EXPECT_EQ(namenode_.calls("abandonBlock"), 1);
  EXPECT_EQ(progress_.bytes, 100'000);
}

TEST_F(HdfsLoaderTest, LoadingAgainReplaces) {
  ASSERT_TRUE(load(source(DataShape::file, "old and long")).ok());
  ASSERT_TRUE(load(source(DataShape::file, "new")).ok());
  EXPECT_THAT(hadoop_.files(), ElementsAre(Pair("/in/1/iliad.txt", "new")));
}

TEST_F(HdfsLoaderTest, LoadsATree) {
  std::string tar;
  std::map<std::string, std::string> wanted;
  tar += tar_entry("more/", "", '5');
  for (int i = 0; i < 200; ++i) {
    const std::string name = fmt::format("more/part {}", i);
    const std::string content(static_cast<std::size_t>(i) * 37, static_cast<char>('a' + i % 26));
    tar += tar_entry(name, content);
    wanted["/in/1/" + name] = content;
  }
  tar += std::string(1024, '\0');
  const auto done = load(source(DataShape::tree, tar));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(hadoop_.files(), wanted);
}

TEST_F(HdfsLoaderTest, ABrokenTarIsRefused) {
  const auto done =
      load(source(DataShape::tree, tar_entry("a", std::string(5000, 'x')).substr(0, 3000)));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::corrupted);
}

TEST_F(HdfsLoaderTest, AMissingSourceIsNamed) {
  const auto done = load({.shape = DataShape::file, .path = dir_ / "nosuch", .name = "x"});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::not_found);
  EXPECT_THAT(done.error().message, HasSubstr("nosuch"));
}

TEST_F(HdfsLoaderTest, AnErrorOfHdfsEndsTheLoading) {
  namenode_.set([](auto& it) {
    it.namenode = [](const std::string& method,
                     const WireMessage& request) -> std::optional<RpcReply> {
      if (method != "addBlock" || request.bytes(1) != "/in/1/b") return std::nullopt;
      return RpcReply{.exception = "java.io.IOException",
                      .message = "/in/1/b could only be written to 0 of the 1 nodes."};
    };
  });
  const auto done = load(
      source(DataShape::tree, tar_entry("a", "1") + tar_entry("b", "2") + std::string(1024, '\0')));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("cannot write /in/1/b to HDFS: addBlock: "));
  EXPECT_THAT(hadoop_.lines(), Contains(HasSubstr("DELETE /webhdfs/v1/in/1/b?")))
      << "the file that was begun goes";
}

TEST_F(HdfsLoaderTest, WithoutANameNodeNothingIsWritten) {
  auto elsewhere = endpoints();
  elsewhere.namenode_rpc.host = "c-8-master";
  WebHdfs hdfs(client_, elsewhere);
  const auto done = load_into_hdfs(
      hdfs, {.source = source(DataShape::file, "x"), .directory = "/in/1"}, progress_);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message, "cannot write to HDFS: c-8-master is not a node of this cluster");
}

TEST_F(HdfsLoaderTest, CanBeCancelled) {
  LoadProgress cancelled(std::make_shared<std::atomic<bool>>(true));
  const auto done = load_into_hdfs(
      hdfs_, {.source = source(DataShape::file, "x"), .directory = "/in/1"}, cancelled);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::cancelled);
}

TEST_F(HdfsLoaderTest, WhatIsMissingAfterwardsIsNoticed) {
  hadoop_.say("GET /webhdfs/v1/in/1?op=LISTSTATUS_BATCH", 200,
              R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[]}},)"
              R"("remainingEntries":0}})");
  hadoop_.put("/in/1/other", "");
  const auto done = load(source(DataShape::file, "x"));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::corrupted);
}

TEST(BlockBytes, SmallInputsReachEveryWorker) {
  EXPECT_EQ(block_bytes_for(808'142, 3), 196'608);  // the Iliad: five blocks
  EXPECT_EQ(block_bytes_for(1, 3), 65'536);
  EXPECT_EQ(block_bytes_for(0, 3), 65'536);
  EXPECT_EQ(block_bytes_for(1ll << 40, 3), 128ll << 20);
  for (std::int64_t bytes = 1; bytes < (4ll << 30); bytes = bytes * 3 + 1) {
    for (const std::int64_t workers : {0, 1, 3, 100}) {
      const auto block = block_bytes_for(bytes, workers);
      EXPECT_EQ(block % 512, 0);
      EXPECT_GE(block, 65'536);
      EXPECT_LE(block, 128ll << 20);
    }
  }
}

}  // namespace
}  // namespace bdaas
