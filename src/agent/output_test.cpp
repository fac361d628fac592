// What is kept of a program: its output and the files it left.

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>

#include "agent/exec_mode.h"
#include "agent/left_files.h"
#include "agent/log_tail.h"
#include "agent/output_keeper.h"
#include "agent/test_dir.h"
#include "base/subprocess.h"

namespace bdaas {
namespace {

using testing::ElementsAre;

std::string kept(const TestDir& dir, const std::vector<std::string>& pieces, std::int64_t limit) {
  auto keeper = OutputKeeper::open(dir.path("out"), limit);
  for (const auto& piece : pieces) keeper->take(piece);
  keeper->finish();
  return *read_file(dir.path("out"));
}

TEST(OutputKeeper, KeepsAllBelowTheLimit) {
  const TestDir dir;
  EXPECT_EQ(kept(dir, {"ab", "cd", ""}, 4), "abcd");
}

TEST(OutputKeeper, HeadThenNoteThenTail) {
  const TestDir dir;
  std::vector<std::string> pieces(40, std::string(100'000, 'm'));
  pieces.insert(pieces.begin(), "head");
  pieces.push_back("the end\n");
  const auto text = kept(dir, pieces, 6);
  const auto left_out = 4 + 4'000'000 + 8 - 6 - static_cast<long>(kOutputTailBytes);
  EXPECT_TRUE(text.starts_with(fmt::format("headmm\n… {} bytes left out …\nmmm", left_out)));
  EXPECT_TRUE(text.ends_with("mthe end\n"));
  EXPECT_LT(text.size(), kOutputTailBytes + 100);
}

TEST(OutputKeeper, TheTailMayBeAllThatIsMissing) {
  const TestDir dir;
  EXPECT_EQ(kept(dir, {"abcdef"}, 2), "ab\n… 0 bytes left out …\ncdef");
}

TEST(OutputKeeper, ASecondAttemptGoesOnBehindTheFirst) {
  const TestDir dir;
  kept(dir, {"one"}, 10);
  EXPECT_EQ(kept(dir, {"two"}, 3), "onetwo");
}

// What did not fit on the disk is kept until there is space.
TEST(OutputKeeper, APieceThatIsHalfWrittenIsNotLost) {
  const TestDir dir;
  auto keeper = OutputKeeper::open(dir.path("out"), 1'000);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{4, limit.rlim_max};
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  keeper->take("abcdef");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  ::signal(SIGXFSZ, before);
  keeper->take("gh");
  keeper->finish();
  EXPECT_EQ(*read_file(dir.path("out")), "abcd\n… 0 bytes left out …\nefgh");
}

TEST(OutputKeeper, AFullDiskDoesNotFailTheProgram) {
  auto keeper = OutputKeeper::open("/dev/full", 100);
  ASSERT_TRUE(keeper.ok());
  keeper->take("abc");
  keeper->take(std::string(5'000'000, 'x'));
  keeper->finish();
}

TEST(IsIgnored, DotsNamesAndPrefixes) {
  EXPECT_TRUE(is_ignored(".x", {}));
  EXPECT_TRUE(is_ignored("tmp", {"tmp"}));
  EXPECT_FALSE(is_ignored("tmp2", {"tmp"}));
  EXPECT_TRUE(is_ignored("launch_1.sh", {"a", "launch_*"}));
  EXPECT_FALSE(is_ignored("lunch", {"launch_*"}));
  EXPECT_TRUE(is_ignored("anything", {"*"}));
}

class LeftFilesTest : public testing::Test {
 protected:
  LeftFilesTest() {
    fs::create_directory(dir.path("cwd"));
    fs::create_directory(dir.path("work"));
    EXPECT_TRUE(write_file(dir.path("cwd/program.py"), "").ok());
    before = *names_in(dir.path("cwd"));
  }

  std::vector<std::string> keep(std::string from = "cwd") {
    const auto result = keep_left_files(dir.path(from), before, {"container_*"}, dir.path("work"),
                                        dir.path("work.tar"));
    EXPECT_TRUE(result.ok()) << result.error().message;
    if (!fs::exists(dir.path("work.tar"))) return {"no tar"};
    const auto listed = run_checked({{"tar", "-tf", dir.path("work.tar")}});
    EXPECT_TRUE(listed.ok());
    std::vector<std::string> names;
    std::istringstream lines(listed->out);
    for (std::string line; std::getline(lines, line);) names.push_back(line);
    std::ranges::sort(names);
    return names;
  }

  TestDir dir;
  std::set<std::string> before;
};

TEST_F(LeftFilesTest, NothingLeftIsNoTar) { EXPECT_THAT(keep(), ElementsAre("no tar")); }

TEST_F(LeftFilesTest, WhatIsTooLargeIsRemovedAndSaid) {
  ASSERT_TRUE(write_file(dir.path("cwd/huge"), "").ok());
  fs::resize_file(dir.path("cwd/huge"), kLeftBytesMax + 1);
  const auto kept =
      keep_left_files(dir.path("cwd"), before, {}, dir.path("work"), dir.path("work.tar"));
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.error().kind, ErrorKind::resource_exhausted);
  EXPECT_EQ(*names_in(dir.path("cwd")), before);
  EXPECT_FALSE(fs::exists(dir.path("work.tar")));
}

TEST_F(LeftFilesTest, ATarThatCannotBeMadeLeavesNothing) {
  ASSERT_TRUE(write_file(dir.path("cwd/model.bin"), "m").ok());
  ASSERT_TRUE(make_directory(dir.path("work.tar.part")).ok());
  const auto kept =
      keep_left_files(dir.path("cwd"), before, {}, dir.path("work"), dir.path("work.tar"));
  EXPECT_FALSE(kept.ok());
  EXPECT_THAT(*names_in(dir.path("cwd")), before);
  EXPECT_THAT(*names_in(dir.path("work")), testing::IsEmpty());
  EXPECT_FALSE(fs::exists(dir.path("work.tar.part")));
}

TEST_F(LeftFilesTest, NewFilesAndDirectoriesAreKept) {
  ASSERT_TRUE(write_file(dir.path("cwd/model.bin"), "m").ok());
  ASSERT_TRUE(make_directory(dir.path("cwd/plots/a")).ok());
  ASSERT_TRUE(write_file(dir.path("cwd/plots/a/1.png"), "p").ok());
  ASSERT_TRUE(write_file(dir.path("cwd/-rf"), "odd").ok());
  ASSERT_TRUE(write_file(dir.path("cwd/two\nlines"), "odd").ok());
  ASSERT_TRUE(write_file(dir.path("cwd/.hidden"), "").ok());
  ASSERT_TRUE(write_file(dir.path("cwd/container_tokens"), "").ok());
  EXPECT_THAT(keep(), ElementsAre("./-rf", "./model.bin", "./plots/", "./plots/a/",
                                  "./plots/a/1.png", "./two\\nlines"));
  EXPECT_TRUE(fs::exists(dir.path("cwd/program.py")));
}

TEST_F(LeftFilesTest, LinksAndSocketsAreNot) {
  ASSERT_TRUE(make_directory(dir.path("cwd/d")).ok());
  ASSERT_TRUE(write_file(dir.path("cwd/d/x"), "").ok());
  fs::create_symlink("/etc", dir.path("cwd/d/etc"));
  fs::create_symlink("/etc/passwd", dir.path("cwd/passwd"));
  ASSERT_EQ(::mkfifo(dir.path("cwd/pipe").c_str(), 0600), 0);
  EXPECT_THAT(keep(), ElementsAre("./d/", "./d/x"));
  EXPECT_FALSE(fs::exists(fs::symlink_status(dir.path("work/d/etc"))));
}

TEST_F(LeftFilesTest, OnlyLinksIsNoTar) {
  fs::create_symlink("/etc/passwd", dir.path("cwd/passwd"));
  EXPECT_THAT(keep(), ElementsAre("no tar"));
}

TEST_F(LeftFilesTest, WorksInPlace) {
  ASSERT_TRUE(write_file(dir.path("work/given"), "").ok());
  before = {"given"};
  ASSERT_TRUE(write_file(dir.path("work/made"), "").ok());
  EXPECT_THAT(keep("work"), ElementsAre("./made"));
}

TEST(WithPlaces, ReplacesTheTwoAndNothingElse) {
  EXPECT_EQ(with_places("-Djava.io.tmpdir={cwd}/tmp:{dir}{cwd", "/c", "/n"),
            "-Djava.io.tmpdir=/c/tmp:/n{cwd");
  EXPECT_EQ(with_places("{output} ${HOME}", "/c", "/n"), "{output} ${HOME}");
}

TEST(LogTail, IsBoundedAndAlwaysText) {
  const TestDir dir;
  std::string text = "old\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("line {}\n", i);
  ASSERT_TRUE(write_file(dir.path("log"), text).ok());
  const auto tail = log_tail(dir.path("log"));
  EXPECT_TRUE(tail.starts_with("line 50\n"));
  EXPECT_TRUE(tail.ends_with("line 99"));
  EXPECT_EQ(log_tail(dir.path("log"), text.size()), "");
  EXPECT_EQ(log_tail(dir.path("absent")), "");
  ASSERT_TRUE(write_file(dir.path("log"), std::string(1u << 20, 'x')).ok());
  EXPECT_EQ(log_tail(dir.path("log")).size(), kTailBytes);
  ASSERT_TRUE(write_file(dir.path("log"), "caf\xc3\xa9 \xff\xc3").ok());
  EXPECT_EQ(log_tail(dir.path("log")), "café ??");
}

TEST(TracebackTail, IsFoundAboveTheFramesOfJava) {
  const TestDir dir;
  std::string frames;
  for (int i = 0; i < 100; ++i) frames += "\tat org.example.Task.run(Task.java:1)\n";
  const std::string traceback =
      "Traceback (most recent call last):\n  File \"x.py\", line 1\nE: o69\n";
  ASSERT_TRUE(write_file(dir.path("log"), "printed\n" + traceback + frames +
                                              "Caused by: E: full\n" + frames + "\t... 12 more\n")
                  .ok());
  EXPECT_EQ(traceback_tail(dir.path("log")), "printed\n" + traceback + "Caused by: E: full");
  ASSERT_TRUE(write_file(dir.path("log"), "printed\n" + frames).ok());
  EXPECT_EQ(traceback_tail(dir.path("log")), "");
  EXPECT_EQ(traceback_tail(dir.path("absent")), "");
}

TEST(BoundLog, CutsAndKeepsTheLastQuarter) {
  const TestDir dir;
  ASSERT_TRUE(write_file(dir.path("log"), std::string(900, 'a') + std::string(300, 'b')).ok());
  EXPECT_FALSE(*bound_log(dir.path("log"), 1'200));
  EXPECT_TRUE(*bound_log(dir.path("log"), 1'199));
  EXPECT_EQ(*read_file(dir.path("log")), "");
  EXPECT_EQ(*read_file(dir.path("log.1")), std::string(299, 'b'));
  EXPECT_FALSE(*bound_log(dir.path("absent"), 1));
}

}  // namespace
}  // namespace bdaas
