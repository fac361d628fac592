#include "release/fetch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

PackageSpec package(std::string name, Registry from, std::vector<std::string> coordinates) {
  PackageSpec result;
  result.name = std::move(name);
  result.from = from;
  result.laid_out_bytes = 1000;
  for (const auto& text : coordinates) {
    result.files.push_back({text, text + ".jar", 100, std::string(64, 'a')});
  }
  return result;
}

ReleaseSpec two_packages() {
  ReleaseSpec release;
  release.packages = {package("jars", Registry::maven, {"g:a:1", "g:b:1:tests"}),
                      package("sdist", Registry::pypi, {"thing==1"})};
  return release;
}

TEST(FetchPlan, HasWhatIsMissing) {
  const auto release = two_packages();
  const auto plan = plan_fetch(release, {});
  EXPECT_THAT(plan.missing, ElementsAre(&release.packages[0], &release.packages[1]));
  EXPECT_THAT(plan.maven_rounds, ElementsAre(SizeIs(2)));
  EXPECT_THAT(plan.pypi, SizeIs(1));
  EXPECT_EQ(plan.download_bytes, 300);
  EXPECT_GT(plan.disk_bytes,
            3 * 1000 + 200 + 200);  // laid out, pip's look inside, both clients' copies

  const auto half = plan_fetch(release, {package_key(release.packages[1])});
  EXPECT_THAT(half.missing, ElementsAre(&release.packages[0]));
  EXPECT_TRUE(half.pypi.empty());
  EXPECT_LT(half.disk_bytes, plan.disk_bytes);
}

TEST(FetchPlan, IsEmptyWhenAllIsThere) {
  const auto release = two_packages();
  const auto plan =
      plan_fetch(release, {package_key(release.packages[0]), package_key(release.packages[1])});
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(plan.disk_bytes, 0);
}

TEST(FetchPlan, TwoVersionsOfOneArtifactTakeTwoRounds) {
  ReleaseSpec release;
  release.packages = {package("one", Registry::maven, {"g:a:1", "g:b:1", "g:a:1:tests"}),
                      package("two", Registry::maven, {"g:a:2", "g:c:1"})};
  const auto plan = plan_fetch(release, {});
  ASSERT_THAT(plan.maven_rounds, ElementsAre(SizeIs(4), SizeIs(1)));
  EXPECT_EQ(plan.maven_rounds[1][0].coordinates, "g:a:2");
}

TEST(FetchPlan, AsksTheClientsForExactlyThat) {
  const auto release = two_packages();
  const auto pom = maven_pom(release.packages[0].files);
  EXPECT_THAT(pom, HasSubstr("<artifactId>b</artifactId><version>1</version>"
                             "<classifier>tests</classifier><exclusions>"));
  EXPECT_EQ(pip_requirements(release.packages[1].files),
            "thing==1 --hash=sha256:" + std::string(64, 'a') + "\n");
}

TEST(Megabytes, ReadAsTheClientsPrintThem) {
  EXPECT_EQ(megabytes(317'370'347), "317 MB");
  EXPECT_EQ(megabytes(1'240'000'000), "1.2 GB");
}

}  // namespace
}  // namespace bdaas
