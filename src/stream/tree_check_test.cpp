#include "stream/tree_check.h"

#include <gmock/gmock.h>

#include "base/tar_fixture.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

class TreeCheckTest : public testing::Test {
 protected:
  Result<TreeSummary> check(std::string_view tar) {
    const auto path = directory_.path() / "a.tar";
    EXPECT_TRUE(write_file(path, tar).ok());
    return check_tree(path, "more");
  }
  const TempDir directory_ = TempDir::make().value();
};

TEST_F(TreeCheckTest, CountsFilesAndTheirBytes) {
  const auto summary =
      check(tar_of(TarFixtureEntry{"d", "", '5'}, TarFixtureEntry{"d/a", std::string(700, 'x')},
                   TarFixtureEntry{"d/b", ""}, TarFixtureEntry{"c", "y"}));
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  EXPECT_EQ(summary->files, 3);
  EXPECT_EQ(summary->bytes, 701);
}

TEST_F(TreeCheckTest, RefusesWithTheDirectorysName) {
  const TarFixtureEntry fine{"fine", "x"};
  for (const auto& [bad, why] : std::vector<std::pair<TarFixtureEntry, std::string>>{
           {{"../a", "x"}, "'.' or '..'"},
           {{"/a", "x"}, "absolute"},
           {{"d/a:b", "x"}, "has a ':', which HDFS does not take"},
           {{"d/caf\xe9", "x"}, "UTF-8"},
           {{.name = "a", .type = '2', .link = "/etc/passwd"}, "symbolic link"},
           {{.name = "a", .type = '1', .link = "fine"}, "hard link"},
           {{.name = "a", .type = '3'}, "device"},
           {fine, "same name"}}) {
    const auto refused = check(tar_of(fine, bad));
    ASSERT_FALSE(refused.ok()) << why;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument) << why;
    EXPECT_THAT(refused.error().message, HasSubstr("the directory 'more'"));
    EXPECT_THAT(refused.error().message, HasSubstr(why));
  }
}

TEST_F(TreeCheckTest, RefusesEmptyAndCutOffTrees) {
  EXPECT_THAT(check(tar_end()).error().message, HasSubstr("no file with a byte"));
  EXPECT_THAT(check(tar_of(TarFixtureEntry{"a", ""})).error().message,
              HasSubstr("no file with a byte"));
  EXPECT_EQ(check("").error().kind, ErrorKind::corrupted);
  EXPECT_EQ(check(tar_entry({"a", "x"})).error().kind, ErrorKind::corrupted);
  EXPECT_EQ(check(std::string(4096, 'x')).error().kind, ErrorKind::corrupted);
}

}  // namespace
}  // namespace bdaas
