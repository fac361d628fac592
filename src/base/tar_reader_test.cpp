#include "base/tar_reader.h"

#include <gmock/gmock.h>

#include <random>

#include "base/subprocess.h"
#include "base/tar_fixture.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

struct Listed {
  std::string name;
  std::string content;
  bool directory = false;
  bool operator==(const Listed&) const = default;
};

Result<std::vector<Listed>> list_tar(const fs::path& path) {
  BDAAS_ASSIGN(auto reader, TarReader::open(path));
  std::vector<Listed> listed;
  for (;;) {
    BDAAS_ASSIGN(const auto entry, reader.next());
    if (!entry) return listed;
    Listed item{entry->name, "", entry->directory};
    char buffer[100];
    for (;;) {
      BDAAS_ASSIGN(const auto got, reader.read(buffer));
      if (got == 0) break;
      item.content.append(buffer, got);
    }
    EXPECT_EQ(item.content.size(), static_cast<std::size_t>(entry->bytes));
    listed.push_back(std::move(item));
  }
}

class TarReaderTest : public testing::Test {
 protected:
  Result<std::vector<Listed>> list(std::string_view tar) {
    const auto path = directory_.path() / "a.tar";
    EXPECT_TRUE(write_file(path, tar).ok());
    return list_tar(path);
  }
  Error refusal(std::string_view tar) {
    auto listed = list(tar);
    EXPECT_FALSE(listed.ok());
    return listed.ok() ? Error{} : std::move(listed).error();
  }

  const TempDir directory_ = TempDir::make().value();
};

TEST_F(TarReaderTest, ReadsFilesAndDirectories) {
  const auto listed = list(tar_of(TarFixtureEntry{"./", "", '5'}, TarFixtureEntry{"./a/", "", '5'},
                                  TarFixtureEntry{"./a/one", std::string(1000, 'x')},
                                  TarFixtureEntry{"empty", ""}, TarFixtureEntry{"old/", "", '\0'}));
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_EQ(
      *listed,
      (std::vector<Listed>{
          {"a", "", true}, {"a/one", std::string(1000, 'x')}, {"empty", ""}, {"old", "", true}}));
}

TEST_F(TarReaderTest, SkipsWhatIsNotRead) {
  ASSERT_TRUE(
      write_file(directory_.path() / "a.tar", tar_of(TarFixtureEntry{"one", std::string(5000, '1')},
                                                     TarFixtureEntry{"two", "2"}))
          .ok());
  auto reader = TarReader::open(directory_.path() / "a.tar").value();
  char buffer[10];
  ASSERT_EQ(reader.next().value()->name, "one");
  ASSERT_EQ(reader.read(buffer).value(), 10u);
  ASSERT_EQ(reader.next().value()->name, "two");
  EXPECT_EQ(reader.read(buffer).value(), 1u);
  EXPECT_EQ(buffer[0], '2');
  EXPECT_FALSE(reader.next().value());
}

TEST_F(TarReaderTest, TakesNameAndSizeFromPaxHeaders) {
  const std::string name = std::string(200, 'd') + "/Ἰλιάς";
  const auto listed =
      list(tar_pax("path", name) + tar_pax("size", "3") +
           tar_of(TarFixtureEntry{.name = "short", .content = "abc", .size_field = "00000000000"}));
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  EXPECT_EQ(*listed, (std::vector<Listed>{{name, "abc"}}));
}

TEST_F(TarReaderTest, ReadsWhatTarWrites) {
  const std::string long_name = std::string(90, 'p') + "/" + std::string(90, 'q');
  const auto tree = directory_.path() / "tree";
  ASSERT_TRUE(make_directory(tree / std::string(90, 'p')).ok());
  ASSERT_TRUE(write_file(tree / "small", "hello").ok());
  ASSERT_TRUE(write_file(tree / long_name, std::string(70'000, 'z')).ok());
  for (const auto* format : {"ustar", "pax", "gnu"}) {
    const auto path = directory_.path() / "real.tar";
    Command tar;
    tar.argv = {"tar", "--sort=name", fmt::format("--format={}", format), "-C", tree, "-cf", path,
                "."};
    ASSERT_TRUE(run_checked(tar).ok());
    const auto listed = list_tar(path);
    ASSERT_TRUE(listed.ok()) << format << listed.error().message;
    EXPECT_EQ(*listed, (std::vector<Listed>{{std::string(90, 'p'), "", true},
                                            {long_name, std::string(70'000, 'z')},
                                            {"small", "hello"}}))
        << format;
  }
}

TEST_F(TarReaderTest, RefusesNamesThatLeaveTheDirectory) {
  for (const auto* name : {"../a", "a/../../b", "..", "/etc/passwd", "a//b", "./../a", "/"}) {
    const auto error = refusal(tar_of(TarFixtureEntry{name, "x"}));
    EXPECT_EQ(error.kind, ErrorKind::invalid_argument) << name;
    EXPECT_EQ(refusal(tar_pax("path", name) + tar_of(TarFixtureEntry{"fine", "x"})).kind,
              ErrorKind::invalid_argument)
        << name;
  }
  EXPECT_EQ(refusal(tar_of(TarFixtureEntry{"", "x"})).kind, ErrorKind::invalid_argument);
  EXPECT_THAT(
      refusal(tar_pax("path", std::string("a\0b", 3)) + tar_of(TarFixtureEntry{"f", ""})).message,
      HasSubstr("NUL"));
  EXPECT_THAT(
      refusal(tar_pax("path", std::string(300, 'n')) + tar_of(TarFixtureEntry{"f", ""})).message,
      HasSubstr("255 bytes"));
  const TarFixtureEntry long_name{"././@LongLink", "../" + std::string(150, 'a'), 'L'};
  EXPECT_EQ(refusal(tar_of(long_name, TarFixtureEntry{"f", ""})).kind, ErrorKind::invalid_argument);
}

TEST_F(TarReaderTest, RefusesLinksDevicesAndPipes) {
  const std::pair<char, const char*> kinds[] = {
      {'1', "a hard link"}, {'2', "a symbolic link"}, {'3', "a device"},       {'4', "a device"},
      {'6', "a pipe"},      {'S', "a sparse file"},   {'Z', "an unknown type"}};
  for (const auto& [type, what] : kinds) {
    const auto error =
        refusal(tar_of(TarFixtureEntry{.name = "bad", .type = type, .link = "/etc/passwd"}));
    EXPECT_EQ(error.kind, ErrorKind::invalid_argument) << type;
    EXPECT_THAT(error.message, HasSubstr("'bad'"));
    EXPECT_THAT(error.message, HasSubstr(what));
  }
  EXPECT_THAT(refusal(tar_pax("GNU.sparse.major", "1") + tar_of(TarFixtureEntry{"f", "x"})).message,
              HasSubstr("sparse"));
}

TEST_F(TarReaderTest, RefusesWhatIsNoTarOrCutOff) {
  EXPECT_EQ(refusal("").kind, ErrorKind::corrupted);
  EXPECT_THAT(refusal(std::string(2048, 'x')).message, HasSubstr("is not a tar"));
  const std::string whole = tar_of(TarFixtureEntry{"a", std::string(1000, 'x')});
  for (const std::size_t kept : {100u, 512u, 600u, 1535u, 1536u, 2000u}) {
    EXPECT_EQ(refusal(whole.substr(0, kept)).kind, ErrorKind::corrupted) << kept;
  }
  EXPECT_TRUE(list(whole.substr(0, 2048)).ok());  // one empty block is an end
}

TEST_F(TarReaderTest, DoesNotBelieveSizes) {
  for (const auto* size : {"77777777777", "\x80\0\0\0\0\0\0\0\1\0\0",
                           "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "0000000x000"}) {
    const TarFixtureEntry entry{.name = "a", .content = "x", .size_field = std::string(size, 11)};
    EXPECT_EQ(refusal(tar_of(entry)).kind, ErrorKind::corrupted);
  }
  for (const auto* size : {"999999999999999999", "99999999999999999999999", "-1", "abc", ""}) {
    EXPECT_EQ(refusal(tar_pax("size", size) + tar_of(TarFixtureEntry{"a", "x"})).kind,
              ErrorKind::corrupted)
        << size;
  }
  EXPECT_EQ(
      refusal(tar_entry({.name = "pax", .content = std::string(100'000, 'x'), .type = 'x'})).kind,
      ErrorKind::invalid_argument);
  for (const auto* header : {"999 path=a\n", "0 path=a\n", "x", "11 path=a", "2 \n"}) {
    const TarFixtureEntry pax{.name = "pax", .content = header, .type = 'x'};
    EXPECT_EQ(refusal(tar_of(pax, TarFixtureEntry{"a", "x"})).kind, ErrorKind::corrupted) << header;
  }
}

// Any damage is answered by an error or by entries with safe names, never by more than the file
// holds.
TEST_F(TarReaderTest, SurvivesRandomDamage) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const std::string whole = tar_pax("path", "a/long/name") +
                            tar_of(TarFixtureEntry{"a", std::string(700, 'x')},
                                   TarFixtureEntry{"b/", "", '5'}, TarFixtureEntry{"c", "y"});
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    for (auto hits = random() % 4 + 1; hits > 0; --hits) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    const auto listed = list(damaged);
    if (!listed) continue;
    for (const auto& entry : *listed) {
      EXPECT_TRUE(check_relative_name(entry.name).ok());
      EXPECT_LE(entry.content.size(), whole.size());
    }
  }
}

}  // namespace
}  // namespace bdaas
