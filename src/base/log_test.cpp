#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::MatchesRegex;

class LogToFile : public testing::Test {
 protected:
  Log open(LogLevel from = LogLevel::info) { return Log::to_file(file_, from).value(); }
  std::string content() { return read_file(file_.path).value(); }

  TempDir dir_ = TempDir::make().value();
  LogFile file_{dir_.path() / "x.log"};
};

TEST_F(LogToFile, OneMessageIsOneLineWithTimeAndLevel) {
  const Log log = open();
  log.info("rented {} of {}\nmachines", 2, 3);
  log.warning("late");
  EXPECT_THAT(content(), MatchesRegex("[0-9-]+T[0-9:.]+Z info rented 2 of 3 machines\n"
                                      "[0-9-]+T[0-9:.]+Z warning late\n"));
}

TEST_F(LogToFile, LevelsBelowAreDropped) {
  const Log log = open(LogLevel::warning);
  log.debug("a");
  log.info("b");
  EXPECT_EQ(content(), "");
  log.error("c");
  EXPECT_NE(content().find("error c"), std::string::npos);
}

TEST_F(LogToFile, BracesInWordsOfOthersAreHarmless) {
  open().info("{}", "{} %s {0}");
  EXPECT_NE(content().find("{} %s {0}"), std::string::npos);
}

TEST_F(LogToFile, FilesAreBounded) {
  file_.bytes_max = 10'000;
  file_.old_files = 2;
  const Log log = open();
  for (int i = 0; i < 1000; ++i) log.info("{}", std::string(100, 'x'));
  log.info("{}", std::string(1'000'000, 'y'));
  std::uintmax_t total = 0;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(dir_.path())) {
    total += entry.file_size();
    ++files;
  }
  EXPECT_EQ(files, 3);
  EXPECT_LT(total, 3 * 10'000u + 17'000u);
}

TEST_F(LogToFile, ThreadsDoNotMixTheirLines) {
  const Log log = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([log, t] {
      for (int i = 0; i < 100; ++i) log.info("{}", std::string(200, static_cast<char>('a' + t)));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto text = content();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 400);
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    EXPECT_NE(text.find("info " + std::string(200, letter) + "\n"), std::string::npos);
  }
}

TEST_F(LogToFile, ItsFileIsClosedOnExec) {
  const Log log = open();
  const auto link = "/proc/" + std::to_string(::getpid()) + "/fd";
  for (const auto& entry : fs::directory_iterator(link)) {
    std::error_code error;
    if (fs::read_symlink(entry.path(), error) != file_.path) continue;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(LogTest, AFileThatCannotBeWrittenIsAnError) {
  const auto dir = TempDir::make().value();
  EXPECT_FALSE(Log::to_file({dir.path()}).ok());
}

TEST(LogTest, TheDefaultDropsEverything) {
  testing::internal::CaptureStderr();
  Log().error("nobody hears");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace bdaas
