// Ctrl-C in the middle of a download, with real signals.

#include "cli/until_signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#include "base/temp_dir.h"
#include "cli/cli.h"
#include "cli/exit_code.h"
#include "cli/fake_server.h"

namespace bdaas::cli {
namespace {

constexpr std::string_view kData = "/v1/data/d-4k2m9x0p1qzr";
constexpr std::string_view kResult = "/v1/results/r-4k2m9x0p1qzr";

class InterruptedDownloadTest : public testing::Test {
 protected:
  InterruptedDownloadTest() {
    environment_.env = {{"BDAAS_HOME", dir_.path().native()}};
    environment_.out_fd = out_.get();
    environment_.err_fd = out_.get();
    std::ofstream(dir_.path() / "token") << "t0ken\n";
    std::ofstream(dir_.path() / "manager.json") << fmt::format(
        R"({{"pid":{},"address":"127.0.0.1","port":{}}})", ::getpid(), server_.port());
    fs::create_directory(target_.parent_path());
  }

  void handle(Exchange& exchange) {
    const auto said = [&]() -> std::string {
      if (exchange.target == "/v1/health") return R"({"ok":true})";
      if (exchange.target == kData) {
        return R"({"id":"d-1","owner":"u-1","name":"a.txt","shape":"file","sha256":"","bytes":9})";
      }
      if (exchange.target == kResult) {
        return R"({"id":"r-1","owner":"u-1","job":"j-1","sha256":"","bytes":9})";
      }
      return {};
    }();
    if (!said.empty()) return exchange.answer(200, said);
    exchange.write("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf");
    files_half_way_ = files();
    ::kill(::getpid(), SIGINT);
    exchange.wait_for_end();
  }

  int get(std::string_view noun, std::string_view path) {
    const std::string id(path.substr(path.rfind('/') + 1));
    const std::string name(noun);
    const std::vector<const char*> words = {"bdaas",    name.c_str(), "get",
                                            id.c_str(), "--output",   target_.c_str()};
    return cli_main(static_cast<int>(words.size()), words.data(), environment_);
  }
  int files() const {
    return static_cast<int>(std::distance(fs::directory_iterator(target_.parent_path()), {}));
  }

  const Signals signals_;  // before any thread: SIGINT is delivered to who reads it only
  TempDir dir_ = TempDir::make().value();
  const fs::path target_ = dir_.path() / "mine" / "a.txt";
  const UniqueFd out_{::memfd_create("out", MFD_CLOEXEC)};
  std::atomic<int> files_half_way_ = 0;
  CliEnvironment environment_;
  FakeServer server_{[this](Exchange& exchange) { handle(exchange); }};
};

TEST_F(InterruptedDownloadTest, LeavesNothingOfData) {
  EXPECT_EQ(get("data", kData), static_cast<int>(ExitCode::cancelled));
  EXPECT_EQ(files_half_way_, 1);
  EXPECT_EQ(files(), 0);
}

TEST_F(InterruptedDownloadTest, LeavesNothingOfAResult) {
  EXPECT_EQ(get("results", kResult), static_cast<int>(ExitCode::cancelled));
  EXPECT_EQ(files_half_way_, 1);
  EXPECT_EQ(files(), 0);
}

}  // namespace
}  // namespace bdaas::cli
