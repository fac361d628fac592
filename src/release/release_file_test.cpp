#include "release/release_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using testing::HasSubstr;

const std::string kHash(64, 'a');

std::string release_text(std::string_view file_name, std::string_view hash,
                         std::string_view more = "") {
  return fmt::format(
      R"({{"name": "r", "java": {{"minimum": 17, "maximum": 22}}, "python_minimum": "3.8",{}
          "packages": [{{"name": "p", "version": "1", "from": "maven", "laid_out_bytes": 5,
          "files": [{{"coordinates": "g:a:1", "file": "{}", "bytes": 5, "sha256": "{}"}}]}}]}})",
      more, file_name, hash);
}

TEST(ReleaseFile, TheCompiledInReleasesAreWhole) {
  const auto catalog = load_catalog(embedded_release_files());
  ASSERT_TRUE(catalog.ok()) << catalog.error().message;
  const auto* release = catalog->find("bdaas-1");
  ASSERT_NE(release, nullptr);
  for (const auto* name : {"hadoop", "spark", "comet"}) {
    EXPECT_NE(release->package(name), nullptr) << name;
  }
  EXPECT_EQ(release->package("spark")->version, "3.5.7");
  EXPECT_GT(release->package("hadoop")->files.size(), 100u);
}

TEST(ReleaseFile, RefusesWhatWouldBeBelievedLater) {
  const std::pair<std::string, std::string_view> wrong[] = {
      {release_text("a.jar", "abc"), "64"},
      {release_text("../a.jar", kHash), ".."},
      {release_text("b/a.jar", kHash), "'/'"},
      {release_text("a.jar", kHash, "\"colour\": 1,"), "colour"},
      {release_text("a.jar", kHash,
                    R"("archives": [{"name": "x", "class_list": "x.gz", "class_path": ["q:*"]}],)"),
       "no package q"}};
  for (const auto& [text, expected] : wrong) {
    const auto release = parse_release(text);
    ASSERT_FALSE(release.ok()) << text;
    EXPECT_THAT(release.error().message, HasSubstr(std::string(expected)));
  }
  EXPECT_TRUE(parse_release(release_text("a.jar", kHash)).ok());
}

TEST(ReleaseFile, ACatalogMissesNoClassList) {
  const auto text =
      release_text("a.jar", kHash,
                   R"("archives": [{"name": "x", "class_list": "x.gz", "class_path": ["p:*"]}],)");
  const EmbeddedFile release{"r.json", text};
  const EmbeddedFile list{"x.gz", "bytes"};
  const auto without = load_catalog(std::vector{release});
  ASSERT_FALSE(without.ok());
  EXPECT_THAT(without.error().message, HasSubstr("x.gz"));
  const auto with = load_catalog(std::vector{release, list});
  ASSERT_TRUE(with.ok()) << with.error().message;
  EXPECT_EQ(with->class_lists.find("x.gz")->second, "bytes");
  EXPECT_FALSE(load_catalog(std::vector{EmbeddedFile{"s.json", text}, list}).ok());
}

TEST(PackageKey, NamesTheContentAndNothingElse) {
  const auto release = parse_release(release_text("a.jar", kHash));
  ASSERT_TRUE(release.ok());
  const auto& package = release->packages.front();
  auto other = package;
  other.roots = {"g:a:1"};
  EXPECT_EQ(package_key(other), package_key(package));
  other.files.front().sha256 = std::string(64, 'b');
  EXPECT_NE(package_key(other), package_key(package));
  other = package;
  other.unpack = {{"x/", ""}};
  EXPECT_NE(package_key(other), package_key(package));
}

}  // namespace
}  // namespace bdaas
