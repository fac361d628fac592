#include "service/native/hdfs_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "service/native/scripted_hdfs.h"

namespace bdaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string some_bytes(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t value = 7;
  for (char& c : text) {
    value = value * 1'664'525 + 1'013'904'223;
    c = static_cast<char>(value >> 24);
  }
  return text;
}

class HdfsWriterTest : public ::testing::Test {
 protected:
  ~HdfsWriterTest() override { EXPECT_THAT(hdfs_.complaints(), IsEmpty()); }

  static BlockSource from(const std::string& content) {
    return [&content](std::uint64_t offset, std::span<char> buffer) -> Result<> {
      if (offset + buffer.size() > content.size()) return fail(ErrorKind::internal, "too much");
      std::memcpy(buffer.data(), content.data() + offset, buffer.size());
      return {};
    };
  }
  Result<> write(const std::string& content, std::uint64_t block_bytes = 0) {
    BDAAS_ASSIGN(auto writer, HdfsWriter::connect(hdfs_.endpoints(), options_));
    return writer.write("/in/a", content.size(), block_bytes, from(content));
  }
  void expect_written(const std::string& content, std::uint64_t block_bytes = 0) {
    const auto done = write(content, block_bytes);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_TRUE(hdfs_.files()["/in/a"] == content);
  }
  void expect_failure(ErrorKind kind, const std::string& text) {
    const auto done = write(some_bytes(2'500'000));
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().kind, kind) << done.error().message;
    EXPECT_THAT(done.error().message, HasSubstr(text));
    EXPECT_THAT(hdfs_.files(), IsEmpty());
  }
  void misbehave(DataNodeFault fault, int faults) {
    hdfs_.set([&](auto& it) {
      it.fault = fault;
      it.faults = faults;
    });
  }
  // What the NameNode shall answer to one method.
  void say(const std::string& method, const RpcReply& reply) {
    hdfs_.set([&](auto& it) {
      it.namenode = [=](const std::string& called, const WireMessage&) {
        return called == method ? std::optional(reply) : std::nullopt;
      };
    });
  }

  SocketOptions options_;
  ScriptedHdfs hdfs_{2};
};

TEST_F(HdfsWriterTest, WritesFilesOfEverySize) {
  auto writer = HdfsWriter::connect(hdfs_.endpoints(), options_);
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  for (const std::size_t bytes :
       {0, 1, 511, 512, 513, 10'000, 1'048'575, 1'048'576, 1'048'577, 3'000'000}) {
    const std::string content = some_bytes(bytes);
    const std::string path = fmt::format("/in/{}", bytes);
    const auto done = writer->write(path, bytes, 0, from(content));
    ASSERT_TRUE(done.ok()) << bytes << ": " << done.error().message;
    EXPECT_TRUE(hdfs_.files()[path] == content) << bytes;
  }
  EXPECT_EQ(hdfs_.connections(), 1);
}

TEST_F(HdfsWriterTest, CutsIntoBlocks) {
  expect_written(some_bytes(200'000), 65'536);
  EXPECT_THAT(hdfs_.block_sizes("/in/a"), ElementsAre(65'536, 65'536, 65'536, 3'392));
  EXPECT_EQ(hdfs_.calls("renewLease"), 3);
  expect_written(some_bytes(131'072), 65'536);
  EXPECT_THAT(hdfs_.block_sizes("/in/a"), ElementsAre(65'536, 65'536));
}

TEST_F(HdfsWriterTest, TakesWhatTheClusterSaysUnlessToldOtherwise) {
  hdfs_.set([&](auto& it) { it.block_bytes = 131'072; });
  hdfs_.set([&](auto& it) { it.replication = 2; });
  expect_written(some_bytes(200'000));
  EXPECT_THAT(hdfs_.block_sizes("/in/a"), ElementsAre(131'072, 68'928));
}

TEST_F(HdfsWriterTest, MorePacketsThanMayBeUnderWay) { expect_written(some_bytes(20u << 20)); }

TEST_F(HdfsWriterTest, ReplacesWhatIsThere) {
  expect_written("old and long");
  expect_written("new");
  EXPECT_THAT(hdfs_.files(), ElementsAre(Pair("/in/a", "new")));
}

TEST_F(HdfsWriterTest, AsksAgainUntilTheNameNodeKnows) {
  hdfs_.set([&](auto& it) { it.not_replicated_yet = 3; });
  hdfs_.set([&](auto& it) { it.not_complete_yet = 4; });
  expect_written("x");
  EXPECT_EQ(hdfs_.calls("addBlock"), 4);
  EXPECT_EQ(hdfs_.calls("complete"), 5);
}

TEST_F(HdfsWriterTest, ABlockGoesElsewhereOnce) {
  for (const auto fault :
       {DataNodeFault::refuses, DataNodeFault::closes_at_once, DataNodeFault::closes_midway,
        DataNodeFault::fails_midway, DataNodeFault::skips_a_packet, DataNodeFault::talks_nonsense,
        DataNodeFault::forgets_a_reply}) {
    misbehave(fault, 1);
    const int abandoned = hdfs_.calls("abandonBlock");
    expect_written(some_bytes(2'500'000), 1'200'128);
    EXPECT_EQ(hdfs_.calls("abandonBlock"), abandoned + 1) << static_cast<int>(fault);
  }
}

TEST_F(HdfsWriterTest, TheDataNodeThatFailedIsNotAskedAgain) {
  hdfs_.set([&](auto& it) { it.replication = 2; });
  misbehave(DataNodeFault::fails_midway, 1);  // the second of the pipeline
  expect_written(some_bytes(1000));
  EXPECT_THAT(hdfs_.placements(), ElementsAre(ElementsAre(0, 1), ElementsAre(0)));
}

TEST_F(HdfsWriterTest, ADataNodeThatFailsTwiceFailsTheFile) {
  misbehave(DataNodeFault::refuses, 2);
  expect_failure(ErrorKind::unavailable,
                 "DataNode c-7-worker-1: it refused the block (status 1): Not enough space");
}

TEST_F(HdfsWriterTest, WhyABlockFailedIsToldAlsoWhenTheNameNodeFailsNext) {
  misbehave(DataNodeFault::refuses, 2);
  say("abandonBlock", {.exception = "java.io.IOException", .message = "going down"});
  expect_failure(ErrorKind::unavailable, "it refused the block (status 1): Not enough space");
}

TEST_F(HdfsWriterTest, SaysWhatWentWrong) {
  misbehave(DataNodeFault::fails_midway, 2);
  expect_failure(ErrorKind::unavailable, "it could not write the block (status 1)");
  misbehave(DataNodeFault::closes_midway, 2);
  expect_failure(ErrorKind::unavailable, "broke: ");
  misbehave(DataNodeFault::skips_a_packet, 2);
  expect_failure(ErrorKind::corrupted, "it acknowledged something else than packet 0");
  misbehave(DataNodeFault::talks_nonsense, 2);
  expect_failure(ErrorKind::corrupted, "DataNode c-7-worker-");
}

TEST_F(HdfsWriterTest, ErrorsOfTheNameNodeAreTold) {
  for (const std::string method : {"getServerDefaults", "create", "addBlock", "complete"}) {
    say(method, {.exception = "org.apache.hadoop.hdfs.server.namenode.SafeModeException",
                 .message = "Name node is in safe mode.\nmore"});
    expect_failure(ErrorKind::unavailable,
                   method + ": SafeModeException: Name node is in safe mode");
  }
}

TEST_F(HdfsWriterTest, NonsenseOfTheNameNodeIsRefused) {
  for (const std::string method : {"getServerDefaults", "create", "addBlock", "complete"}) {
    say(method, {.response = "\xFF"});
    expect_failure(ErrorKind::corrupted, "");
  }
  const auto block = WireWriter().bytes(1, WireWriter().bytes(1, "BP-7").text());
  for (const std::string& answer :
       {std::string(), WireWriter().bytes(1, "").text(), WireWriter().message(1, block).text(),
        WireWriter().message(1, WireWriter().bytes(3, "\x0A\x05")).text()}) {
    say("addBlock", {.response = answer});
    expect_failure(ErrorKind::corrupted, "");
  }
}

TEST_F(HdfsWriterTest, AnUnknownDataNodeIsNotAsked) {
  auto endpoints = hdfs_.endpoints();
  auto hosts = std::make_shared<HostMap>(*endpoints.hosts);
  hosts->addresses.erase("c-7-worker-1");
  hosts->addresses.erase("c-7-worker-2");
  endpoints.hosts = hosts;
  auto writer = HdfsWriter::connect(endpoints, options_);
  ASSERT_TRUE(writer.ok());
  const std::string content = "x";
  const auto done = writer->write("/in/a", 1, 0, from(content));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message, "DataNode c-7-worker-1: its address is not known");
}

TEST_F(HdfsWriterTest, EncryptionIsNotSpoken) {
  hdfs_.set([&](auto& it) { it.encrypted = true; });
  expect_failure(ErrorKind::failed_precondition, "dfs.encrypt.data.transfer");
}

TEST_F(HdfsWriterTest, AnErrorOfTheSourceIsTheFiles) {
  auto writer = HdfsWriter::connect(hdfs_.endpoints(), options_);
  ASSERT_TRUE(writer.ok());
  const auto done = writer->write("/in/a", 10, 0, [](std::uint64_t, std::span<char>) -> Result<> {
    return fail(ErrorKind::cancelled, "enough");
  });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::cancelled);
  EXPECT_THAT(hdfs_.files(), IsEmpty());
}

TEST_F(HdfsWriterTest, CanBeCancelled) {
  std::atomic<bool> cancel = false;
  options_.cancel = &cancel;
  hdfs_.set([&](auto& it) {
    it.not_complete_yet = 1'000'000;
    it.namenode = [&](const std::string& method, const WireMessage&) -> std::optional<RpcReply> {
      if (method == "complete") cancel = true;
      return std::nullopt;
    };
  });
  expect_failure(ErrorKind::cancelled, "cancelled");
}

}  // namespace
}  // namespace bdaas
