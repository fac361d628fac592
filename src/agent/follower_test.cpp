#include "agent/follower.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/test_dir.h"

namespace bdaas {
namespace {

const StepId kStep{"s-1"};

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() {
    EXPECT_TRUE(make_directory(dir_.path("steps/s-1")).ok());
    follower_.follow({.step = kStep, .stream = OutputStream::out, .offset = 0});
  }
  // Of a step that has ended.
  std::optional<OutputChunk> next() {
    return follower_.next_chunk(dir_.path(), [](const StepId&) { return true; });
  }

  const TestDir dir_;
  Follower follower_;
};

TEST_F(FollowerTest, AFileThatWasNeverWrittenIsAtItsEnd) {
  const auto chunk = next();
  ASSERT_TRUE(chunk);
  EXPECT_TRUE(chunk->end);
  EXPECT_TRUE(follower_.idle());
}

TEST_F(FollowerTest, AFileThatCannotBeOpenedNowIsNotAtItsEnd) {
  const auto file = dir_.path("steps/s-1/stdout");
  ASSERT_EQ(::mknod(file.c_str(), S_IFSOCK | 0600, 0), 0);  // a socket: ENXIO
  EXPECT_FALSE(next());
  ASSERT_EQ(::unlink(file.c_str()), 0);
  ASSERT_TRUE(write_file(file, "words").ok());
  const auto chunk = next();
  ASSERT_TRUE(chunk);
  EXPECT_FALSE(chunk->end);
  EXPECT_FALSE(chunk->data.empty());
  EXPECT_TRUE(next()->end);
}

TEST_F(FollowerTest, AFileThatCannotBeReadNowIsNotAtItsEnd) {
  ASSERT_TRUE(make_directory(dir_.path("steps/s-1/stdout")).ok());  // opens, but cannot be read
  EXPECT_FALSE(next());
  EXPECT_FALSE(follower_.idle());
}

}  // namespace
}  // namespace bdaas
