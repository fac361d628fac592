#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "base/temp_dir.h"
#include "base/unique_fd.h"

namespace bdaas {
namespace {

class Files : public testing::Test {
 protected:
  fs::path at(std::string_view name) const { return dir_.path() / name; }

  static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(dir_.path()), fs::directory_iterator()));
  }

  TempDir dir_ = TempDir::make().value();
};

TEST_F(Files, WritesAndReadsBackAnyBytes) {
  const std::string content("a\0b\r\n\xff", 6);
  ASSERT_TRUE(write_file(at("x"), content).ok());
  EXPECT_EQ(read_file(at("x")).value(), content);
  ASSERT_TRUE(write_file(at("x"), "", 0644, true).ok());
  EXPECT_EQ(read_file(at("x")).value(), "");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, ReadsMoreThanOneChunkAndRefusesMoreThanAllowed) {
  const std::string content(200'000, 'x');
  ASSERT_TRUE(write_file(at("x"), content).ok());
  EXPECT_EQ(read_file(at("x"), content.size()).value(), content);
  const auto refused = read_file(at("x"), content.size() - 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::resource_exhausted);
}

TEST_F(Files, AStampTellsThatAFileWasWritten) {
  ASSERT_TRUE(write_file(at("x"), "one").ok());
  const auto before = stamp_of(at("x")).value();
  EXPECT_EQ(before.bytes, 3);
  EXPECT_EQ(stamp_of(at("x")).value(), before);
  ASSERT_TRUE(write_file(at("x"), "two").ok());
  EXPECT_NE(stamp_of(at("x")).value(), before);
  EXPECT_EQ(stamp_of(at("none")).error().kind, ErrorKind::not_found);
  EXPECT_EQ(stamp_of(dir_.path()).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(stamp_of("/dev/null").error().kind, ErrorKind::invalid_argument);
}

TEST_F(Files, ReadsFilesThatSayNoSize) {
  EXPECT_NE(read_file("/proc/self/status").value().find("Pid:"), std::string::npos);
}

TEST_F(Files, TheModeIsExactWhateverTheUmask) {
  const mode_t before = ::umask(077);
  const auto open = write_file(at("open"), "", 0755);
  ::umask(0);
  const auto secret = write_file(at("secret"), "", 0600);
  ::umask(before);
  ASSERT_TRUE(open.ok() && secret.ok());
  EXPECT_EQ(mode_of(at("open")), 0755u);
  EXPECT_EQ(mode_of(at("secret")), 0600u);
}

TEST_F(Files, ALinkIsReplacedNotFollowed) {
  ASSERT_TRUE(write_file(at("victim"), "untouched").ok());
  fs::create_symlink(at("victim"), at("link"));
  ASSERT_TRUE(write_file(at("link"), "new").ok());
  EXPECT_EQ(read_file(at("victim")).value(), "untouched");
  EXPECT_FALSE(fs::is_symlink(at("link")));
}

TEST_F(Files, AFailedWriteLeavesNothingBehind) {
  fs::create_directories(at("taken") / "inside");
  const auto written = write_file(at("taken"), "x");
  ASSERT_FALSE(written.ok());
  EXPECT_NE(written.error().message.find("taken"), std::string::npos);
  EXPECT_EQ(entries(), 1u);
  EXPECT_EQ(write_file(at("absent") / "x", "").error().kind, ErrorKind::not_found);
}

TEST_F(Files, AReaderSeesTheOldOrTheNewContentNeverHalf) {
  const std::string old_content(100'000, 'a');
  const std::string new_content(100'000, 'b');
  ASSERT_TRUE(write_file(at("x"), old_content).ok());
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(write_file(at("x"), i % 2 == 0 ? new_content : old_content).ok());
    }
    done = true;
  });
  while (!done) {
    const auto seen = read_file(at("x")).value();
    EXPECT_TRUE(seen == old_content || seen == new_content);
  }
  writer.join();
}

TEST_F(Files, MakesDirectoriesWithParents) {
  ASSERT_TRUE(make_directory(at("a/b/c"), 0700).ok());
  EXPECT_EQ(mode_of(at("a/b/c")), 0700u);
  ASSERT_TRUE(make_directory(at("a/b/"), 0755).ok());
  EXPECT_EQ(mode_of(at("a/b")), 0700u);
  ASSERT_TRUE(write_file(at("file"), "").ok());
  EXPECT_EQ(make_directory(at("file")).error().kind, ErrorKind::conflict);
  EXPECT_EQ(make_directory(at("file/below")).error().kind, ErrorKind::invalid_argument);
}

TEST_F(Files, RemovesATreeButNothingItsLinksPointTo) {
  ASSERT_TRUE(make_directory(at("outside")).ok());
  ASSERT_TRUE(write_file(at("outside/kept"), "").ok());
  ASSERT_TRUE(make_directory(at("tree/a/b")).ok());
  ASSERT_TRUE(write_file(at("tree/a/file"), "").ok());
  fs::create_directory_symlink(at("outside"), at("tree/a/link"));
  fs::create_directory_symlink(at("outside"), at("link"));
  EXPECT_TRUE(remove_tree(at("tree")).ok());
  EXPECT_TRUE(remove_tree(at("link")).ok());
  EXPECT_TRUE(remove_tree(at("tree")).ok()) << "absent is fine";
  EXPECT_TRUE(fs::exists(at("outside/kept")));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, RemovesDirectoriesThatLostTheirPermissions) {
  ASSERT_TRUE(make_directory(at("tree/locked/inner")).ok());
  ASSERT_TRUE(write_file(at("tree/locked/file"), "").ok());
  fs::permissions(at("tree/locked"), fs::perms::none);
  EXPECT_TRUE(remove_tree(at("tree")).ok());
  EXPECT_EQ(entries(), 0u);
}

TEST_F(Files, RemovesATreeDeeperThanDescriptorsAndPathsAllow) {
  UniqueFd fd(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 3000; ++depth) {
    ASSERT_EQ(::mkdirat(fd.get(), "d", 0700), 0);
    fd.reset(::openat(fd.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(fd.valid());
  }
  EXPECT_TRUE(remove_tree(at("d")).ok());
  EXPECT_EQ(entries(), 0u);
}

TEST_F(Files, KnowsFreeBytes) {
  EXPECT_GT(free_bytes(dir_.path()).value(), 0u);
  EXPECT_EQ(free_bytes(at("absent")).error().kind, ErrorKind::not_found);
}

TEST(RelativeNames, BadOnesAreRefused) {
  const std::string bad[] = {"",
                             "/",
                             "/etc/passwd",
                             "//x",
                             "..",
                             ".",
                             "../x",
                             "a/..",
                             "a/../b",
                             "a/./b",
                             "./a",
                             "a//b",
                             "a/",
                             "a/b/",
                             std::string("a\0b", 3),
                             std::string("\0", 1),
                             "a/" + std::string(256, 'x'),
                             std::string(256, 'x') + "/a",
                             std::string(4096, 'x'),
                             "a/..\0x" + std::string("\0", 1) + "/b"};
  for (const auto& name : bad) {
    const auto joined = join_below("/root-of-it", name);
    ASSERT_FALSE(joined.ok()) << name;
    EXPECT_EQ(joined.error().kind, ErrorKind::invalid_argument) << name;
    EXPECT_EQ(joined.error().message.find('\0'), std::string::npos);
    EXPECT_LT(joined.error().message.size(), 700u);
  }
}

TEST(RelativeNames, GoodOnesStayBelow) {
  const std::string good[] = {
      "a",       "a/b/c",    "...",      "..a",           "a..",
      ".hidden", "a\\..\\b", "C:\\x",    "with space",    "-rf",
      "~",       "a\nb",     "\xff\xfe", "päckchen/日本", std::string(255, 'x'),
      "%2e%2e"};
  for (const auto& name : good) {
    const auto joined = join_below("/root-of-it", name);
    ASSERT_TRUE(joined.ok()) << name << ": " << joined.error().message;
    EXPECT_EQ(joined->native(), "/root-of-it/" + name);
  }
}

TEST(RelativeNames, RootAndNameTogetherMayNotExceedAPath) {
  std::string name(250, 'x');
  while (name.size() < 3800) name += "/" + std::string(250, 'x');
  ASSERT_TRUE(check_relative_name(name).ok());
  EXPECT_TRUE(join_below("/r", name).ok());
  EXPECT_FALSE(join_below("/" + std::string(250, 'r'), name).ok());
}

}  // namespace
}  // namespace bdaas
