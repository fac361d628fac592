#include "cli/tar_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/tar_reader.h"
#include "base/temp_dir.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;

class TarSourceTest : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& content) {
    const auto path = root() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  fs::path root() const { return dir_.path() / "tree"; }
  fs::path beside(const std::string& name) const { return dir_.path() / name; }

  void SetUp() override { fs::create_directories(root()); }

  static std::string whole(ByteSource& source, std::size_t piece) {
    std::string bytes;
    std::string buffer(piece, '\0');
    for (;;) {
      const auto got = source.read(bytes.size(), buffer);
      EXPECT_TRUE(got.ok()) << got.error().message;
      if (!got || *got == 0) return bytes;
      bytes.append(buffer, 0, *got);
    }
  }

  TempDir dir_ = TempDir::make().value();
};

TEST_F(TarSourceTest, LengthIsWhatComesOut) {
  put("b.txt", "hello");
  put("a/deep/er.txt", std::string(512, 'x'));
  put("a/empty", "");
  put("c", std::string(100'000, 'y'));
  const auto source = TarSource::open(root()).value();
  EXPECT_EQ(source->files(), 4u);
  EXPECT_EQ(source->content_bytes(), 100'517u);
  EXPECT_EQ(whole(*source, 1 << 20).size(), source->length());
}

TEST_F(TarSourceTest, AnyPieceCanBeReadAgain) {
  put("b.txt", "hello");
  put("a/deep/er.txt", std::string(700, 'x'));
  const auto source = TarSource::open(root()).value();
  const auto bytes = whole(*source, 1 << 20);
  EXPECT_EQ(whole(*source, 1), bytes);
  EXPECT_EQ(whole(*source, 333), bytes);
  std::string buffer(600, '\0');
  for (std::size_t at = 0; at < bytes.size(); at += 97) {
    const auto got = source->read(at, buffer).value();
    EXPECT_EQ(buffer.substr(0, got), bytes.substr(at, 600)) << at;
  }
  EXPECT_EQ(source->read(bytes.size() + 5, buffer).value(), 0u);
}

TEST_F(TarSourceTest, AReaderOfTarsFindsEveryFileSorted) {
  const std::string long_name = std::string(60, 'd') + "/" + std::string(90, 'e');  // ustar prefix
  const std::string longer_name = std::string(200, 'f') + "/" + std::string(210, 'g');  // pax
  const std::map<std::string, std::string> files = {{"a b/ü.txt", "one"},
                                                    {long_name, "two"},
                                                    {longer_name, "three"},
                                                    {"z", std::string(1025, 'z')}};
  for (const auto& [name, content] : files) put(name, content);
  const auto source = TarSource::open(root()).value();
  ASSERT_TRUE(write_file(beside("x.tar"), whole(*source, 4096)).ok());
  auto reader = TarReader::open(beside("x.tar")).value();
  for (const auto& [name, content] : files) {
    const auto entry = reader.next();
    ASSERT_TRUE(entry.ok()) << entry.error().message;
    ASSERT_TRUE(entry->has_value());
    EXPECT_EQ((*entry)->name, name);
    std::string read(2000, '\0');
    read.resize(reader.read(read).value());
    EXPECT_EQ(read, content);
  }
  EXPECT_FALSE(reader.next().value().has_value());
}

TEST_F(TarSourceTest, EqualTreesGiveEqualBytes) {
  put("one/x", "1");
  put("two/x", "1");
  const auto a = TarSource::open(root() / "one").value();
  const auto b = TarSource::open(root() / "two").value();
  EXPECT_EQ(whole(*a, 4096), whole(*b, 4096));
}

TEST_F(TarSourceTest, SizesOver8GiBGetAPaxRecord) {
  const std::uint64_t nine_gib = 9ull << 30;
  put("big", "");
  fs::resize_file(root() / "big", nine_gib);
  const auto source = TarSource::open(root()).value();
  EXPECT_EQ(source->length(), 3 * 512 + nine_gib + 1024);
  EXPECT_THAT(tar_header("big", nine_gib), HasSubstr("19 size=9663676416\n"));
}

TEST_F(TarSourceTest, RefusesWhatIsNoFile) {
  put("ok", "x");
  fs::create_symlink("ok", root() / "link");
  auto refused = TarSource::open(root());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("tree/link' is a symbolic link"));

  fs::remove(root() / "link");
  ::mkfifo((root() / "pipe").c_str(), 0600);
  refused = TarSource::open(root());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("neither a file nor a directory"));

  fs::remove(root() / "pipe");
  put("10:30", "x");
  EXPECT_THAT(TarSource::open(root()).error().message, HasSubstr("which HDFS does not take"));
}

TEST_F(TarSourceTest, RefusesWhatIsEmpty) {
  fs::create_directories(root() / "sub");
  EXPECT_FALSE(TarSource::open(root()).ok());
  put("sub/empty", "");
  const auto refused = TarSource::open(root());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("holds no file with a byte in it"));
}

TEST_F(TarSourceTest, RefusesNamesThatAreNoUtf8) {
  put("x\xff", "1");
  const auto refused = TarSource::open(root());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("not UTF-8"));
}

TEST_F(TarSourceTest, NoticesAFileThatChangesOnTheWay) {
  put("x", std::string(5000, 'x'));
  const auto source = TarSource::open(root()).value();
  put("x", "short");
  std::string buffer(1000, '\0');
  const auto read = source->read(512, buffer);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("changed while it was being sent"));
}

}  // namespace
}  // namespace bdaas::cli
