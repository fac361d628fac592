#include "service/webhdfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/scripted_hadoop.h"

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

class WebHdfsTest : public ::testing::Test {
 protected:
  std::string content_of(const std::string& path, std::int64_t offset = 0) {
    std::string content;
    const auto done = hdfs_.open(
        path,
        [&](std::string_view bytes) -> Result<> {
          content += bytes;
          return {};
        },
        offset);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return content;
  }

  ScriptedHadoop hadoop_;
  HttpClient client_;
  WebHdfs hdfs_{client_, hadoop_.endpoints()};
};

TEST_F(WebHdfsTest, ReadsFromTheDataNodeThatTheNameNodeNames) {
  hadoop_.put("/in/a b%?#ü.txt", "hello");
  EXPECT_EQ(content_of("/in/a b%?#ü.txt"), "hello");
  EXPECT_THAT(hadoop_.lines(),
              ElementsAre(StartsWith("GET /webhdfs/v1/in/a%20b%25%3F%23%C3%BC.txt?"),
                          HasSubstr("&datanode=true")));
  EXPECT_EQ(content_of("/in/a b%?#ü.txt", 3), "lo");
}

TEST_F(WebHdfsTest, EmptyFilesAreFiles) {
  hadoop_.put("/empty", "");
  EXPECT_EQ(content_of("/empty"), "");
}

TEST_F(WebHdfsTest, StatusAndAbsence) {
  hadoop_.put("/d/f", "12345");
  const auto file = hdfs_.status("/d/f");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->bytes, 5);
  EXPECT_EQ(file->modified_ms, 77);
  EXPECT_FALSE(file->directory);
  EXPECT_TRUE(hdfs_.status("/d")->directory);
  const auto absent = hdfs_.status("/nosuch");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().kind, ErrorKind::not_found);
  EXPECT_EQ(absent.error().message, "cannot find /nosuch in HDFS: File does not exist: /nosuch");
}

TEST_F(WebHdfsTest, ListsTreesInPages) {
  hadoop_.page_entries = 2;
  for (const char* path : {"/d/1", "/d/2", "/d/3", "/d/4", "/d/sub/5", "/d/sub/deep/6", "/other"}) {
    hadoop_.put(path, path);
  }
  const auto tree = hdfs_.list_tree("/d");
  ASSERT_TRUE(tree.ok()) << tree.error().message;
  std::vector<std::string> names;
  for (const auto& file : *tree) {
    names.push_back(file.name);
    EXPECT_EQ(file.bytes, static_cast<std::int64_t>(file.name.size() + 3));
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("1", "2", "3", "4", "sub/5", "sub/deep/6"));
  EXPECT_EQ(hdfs_.list_tree("/nosuch").error().kind, ErrorKind::not_found);
}

TEST_F(WebHdfsTest, AListingThatStartsAgainIsNotFollowedForEver) {
  hadoop_.page_entries = 2;
  hadoop_.ignores_start = true;
  for (const char* path : {"/d/1", "/d/2", "/d/3"}) hadoop_.put(path, path);
  const auto tree = hdfs_.list_tree("/d");
  ASSERT_FALSE(tree.ok());
  EXPECT_EQ(tree.error().message, "the listing of /d does not go on after '2'");
}

// A program may write a file where its output directory was expected.
TEST_F(WebHdfsTest, AFileIsATreeOfItself) {
  hadoop_.put("/out/result", "abc");
  const auto tree = hdfs_.list_tree("/out/result");
  ASSERT_TRUE(tree.ok());
  ASSERT_EQ(tree->size(), 1u);
  EXPECT_EQ(tree->front().name, "result");
  EXPECT_EQ(tree->front().bytes, 3);
}

TEST_F(WebHdfsTest, RenameAndRemove) {
  hadoop_.put("/a", "1");
  ASSERT_TRUE(hdfs_.rename("/a", "/b").ok());
  EXPECT_EQ(hdfs_.rename("/a", "/c").error().kind, ErrorKind::conflict);
  ASSERT_TRUE(hdfs_.remove("/b").ok());
  EXPECT_TRUE(hdfs_.remove("/b").ok());
  EXPECT_TRUE(hadoop_.files().empty());
}

TEST_F(WebHdfsTest, WhatHadoopSaysBecomesAKind) {
  const auto kind_when = [this](int status, const std::string& exception,
                                const std::string& words) {
    hadoop_.say("PUT /webhdfs/v1/x?", status,
                fmt::format(R"({{"RemoteException":{{"exception":"{}","message":"{}"}}}})",
                            exception, words));
    return hdfs_.make_directory("/x").error().kind;
  };
  EXPECT_EQ(kind_when(403, "SafeModeException", "in safe mode"), ErrorKind::unavailable);
  EXPECT_EQ(kind_when(403, "AccessControlException", "no"), ErrorKind::permission_denied);
  EXPECT_EQ(kind_when(403, "IOException", "/x could only be written to 0 of the 1 minReplication"),
            ErrorKind::unavailable);
  EXPECT_EQ(
      kind_when(403, "IOException", "Failed to find datanode, suggest to check cluster health."),
      ErrorKind::unavailable);
  EXPECT_EQ(kind_when(403, "DSQuotaExceededException", "full"), ErrorKind::resource_exhausted);
  EXPECT_EQ(kind_when(500, "WhateverException", "?"), ErrorKind::unavailable);
  EXPECT_EQ(kind_when(400, "IllegalArgumentException", "bad"), ErrorKind::invalid_argument);
}

TEST_F(WebHdfsTest, ASinkMayStopTheReading) {
  hadoop_.put("/f", std::string(1000, 'x'));
  const auto done = hdfs_.open("/f", [](std::string_view) -> Result<> {
    return fail(ErrorKind::resource_exhausted, "disk full");
  });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::resource_exhausted);
}

TEST_F(WebHdfsTest, ADeadNameNodeIsUnavailable) {
  auto endpoints = hadoop_.endpoints();
  endpoints.namenode = "http://c-7-master:1";
  EXPECT_EQ(WebHdfs(client_, endpoints).status("/").error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace bdaas
