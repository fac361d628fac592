#include "release/host_tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/temp_dir.h"
#include "release/doctor.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

class HostToolsTest : public testing::Test {
 protected:
  HostToolsTest() : temp_(std::move(TempDir::make()).value()) {
    tools_.search_path = (root() / "bin").native();
    tools_.pythons.clear();
  }

  const fs::path& root() const { return temp_.path(); }

  void put(const fs::path& name, std::string_view text, mode_t mode = 0644) {
    ASSERT_TRUE(make_directory((root() / name).parent_path()).ok());
    ASSERT_TRUE(write_file(root() / name, text, mode).ok());
  }

  void put_java(const fs::path& home, std::string_view version) {
    put(home / "release", fmt::format("JAVA_VERSION=\"{}\"\n", version));
    put(home / "lib/modules", "");
    put(home / "bin/java", "", 0755);
  }

  TempDir temp_;
  HostTools tools_;
};

TEST_F(HostToolsTest, JavaBehindTheLinksOfThePath) {
  put_java("jdk", "17.0.21");
  put("bin/other", "", 0755);
  fs::create_symlink(root() / "jdk/bin/java", root() / "bin/java");
  const auto java = find_java(tools_, {17, 22});
  ASSERT_TRUE(java.ok()) << java.error().message;
  EXPECT_EQ(java->home, fs::canonical(root() / "jdk").native());
  EXPECT_EQ(java->version, "17.0.21");
  EXPECT_EQ(java->feature, 17);
}

TEST_F(HostToolsTest, JavaOfTheWrongAgeIsNamed) {
  put_java("old", "11.0.2");
  tools_.java_home = root() / "old";
  const auto java = find_java(tools_, {17, 22});
  ASSERT_FALSE(java.ok());
  EXPECT_EQ(java.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(java.error().message, HasSubstr("Java 11.0.2"));
  EXPECT_THAT(java.error().message, HasSubstr("apt-get install openjdk-17"));

  put_java("new", "25");
  tools_.java_home = root() / "new";
  EXPECT_FALSE(find_java(tools_, {17, 22}).ok());
}

TEST_F(HostToolsTest, AnUnfitJavaHomeDoesNotHideAFitJava) {
  put_java("old", "11.0.2");
  put_java("jdk", "17");
  tools_.java_home = root() / "old";
  fs::create_directory(root() / "bin");
  fs::create_symlink(root() / "jdk/bin/java", root() / "bin/java");
  EXPECT_TRUE(find_java(tools_, {17, 22}).ok());
}

TEST_F(HostToolsTest, PythonSaysWhatItIs) {
  put("bin/python3", "#!/bin/sh\necho /real/python\necho 3.12\n", 0755);
  const auto python = find_python(tools_, "3.8");
  ASSERT_TRUE(python.ok()) << python.error().message;
  EXPECT_EQ(python->path, "/real/python");
  EXPECT_EQ(python->version, "3.12");
  const auto newer = find_python(tools_, "3.13");
  ASSERT_FALSE(newer.ok());
  EXPECT_THAT(newer.error().message, HasSubstr("found Python 3.12"));
  EXPECT_THAT(newer.error().message, HasSubstr("apt-get install python3"));
}

TEST_F(HostToolsTest, NothingInstalledIsSaidForEach) {
  EXPECT_THAT(find_java(tools_, {17, 22}).error().message, HasSubstr("found none"));
  EXPECT_THAT(find_python(tools_, "3.8").error().message, HasSubstr("found none"));
  EXPECT_THAT(find_maven(tools_).error().message, HasSubstr("apt-get install maven"));
}

TEST_F(HostToolsTest, TheDoctorNamesAMendForEveryFault) {
  DoctorRequest request;
  request.tools = tools_;
  request.state_root = root() / "not/yet";
  std::vector<std::string> faults;
  for (const auto& finding : doctor(request)) {
    EXPECT_NE(finding.ok, !finding.mend.empty()) << finding.check;
    EXPECT_FALSE(finding.found.empty()) << finding.check;
    if (!finding.ok) faults.push_back(finding.check);
  }
  EXPECT_THAT(faults, testing::IsSupersetOf({"java", "maven", "python", "tar"}));
  EXPECT_THAT(faults, testing::Not(testing::Contains("loopback")));
}

TEST_F(HostToolsTest, TheDoctorKnowsWhatAClusterTakes) {
  const auto memory = [this](std::int64_t one, std::int64_t three) {
    DoctorRequest request;
    request.tools = tools_;
    request.state_root = root();
    request.memory_of_one_mib = one;
    request.memory_of_three_mib = three;
    const auto findings = doctor(request);
    return *std::ranges::find(findings, "memory", &Finding::check);
  };
  constexpr std::int64_t kMuch = std::int64_t{1} << 40;
  EXPECT_TRUE(memory(1, 2).ok);
  EXPECT_THAT(memory(1, 2048 + kMuch).found, HasSubstr("enough for one worker; three take"));
  EXPECT_FALSE(memory(kMuch, kMuch).ok);
}

TEST_F(HostToolsTest, TheDoctorMissesTheNameOfAUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become a user without a name";
  DoctorRequest request;
  request.tools = tools_;
  request.state_root = root();
  ASSERT_EQ(::seteuid(4'000'000), 0);
  const auto findings = doctor(request);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(findings.back().check, "user");
  EXPECT_FALSE(findings.back().ok);
  EXPECT_EQ(findings.back().mend, "run 'useradd --uid 4000000 NAME'");
}

}  // namespace
}  // namespace bdaas
