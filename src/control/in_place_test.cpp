#include "control/in_place.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

class InPlace : public testing::Test {
 protected:
  DataSet named(std::string_view content) {
    EXPECT_TRUE(write_file(path_, content).ok());
    const auto stamp = stamp_of(path_).value();
    DataSet data;
    data.id = DataSetId{"d-1"};
    data.path = path_;
    data.bytes = stamp.bytes;
    data.path_version = stamp.version;
    return data;
  }

  const TempDir dir_ = TempDir::make().value();
  const fs::path path_ = dir_.path() / "data";
  std::atomic<bool> cancel_{false};
};

TEST_F(InPlace, AFileIsSummedOnceWhileItIsLoaded) {
  auto data = named("sing");
  ReadingInPlace first({data}, cancel_);
  ASSERT_TRUE(first.begin().ok());
  const auto answer = first.end();
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->sha256.at(data.id), sha256_hex("sing"));
  data.sha256 = answer->sha256.at(data.id);
  ReadingInPlace second({data}, cancel_);
  ASSERT_TRUE(second.begin().ok());
  EXPECT_TRUE(second.end().value().sha256.empty());
}

TEST_F(InPlace, WhatWasChangedBeforeOrMeanwhileIsRefused) {
  const auto data = named("sing");
  ReadingInPlace reading({data}, cancel_);
  ASSERT_TRUE(reading.begin().ok());
  (void)named("song of wrath");
  const auto answer = reading.end();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::failed_precondition);
  EXPECT_NE(answer.error().message.find("was changed"), std::string::npos);
  ReadingInPlace late({data}, cancel_);
  EXPECT_EQ(late.begin().error().kind, ErrorKind::failed_precondition);
  fs::remove(path_);
  EXPECT_NE(late.begin().error().message.find("cannot be read"), std::string::npos);
}

TEST_F(InPlace, WhatWeKeepIsLeftAlone) {
  DataSet kept;
  kept.name = "kept";
  ReadingInPlace reading({kept}, cancel_);
  ASSERT_TRUE(reading.begin().ok());
  EXPECT_TRUE(reading.end().value().sha256.empty());
}

TEST_F(InPlace, ACancelledLoadDoesNotWaitForTheSum) {
  const auto data = named("sing");
  cancel_ = true;
  ReadingInPlace reading({data}, cancel_);
  ASSERT_TRUE(reading.begin().ok());
  EXPECT_EQ(reading.end().error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace bdaas
