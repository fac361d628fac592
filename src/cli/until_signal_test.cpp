// Ctrl-C in the middle of a transfer, with real signals.

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

class InterruptedTransferTest : public testing::Test {
 protected:
  InterruptedTransferTest() {
    environment_.env = {{"BDAAS_HOME", dir_.path().native()}};
    environment_.out_fd = out_.get();
    environment_.err_fd = out_.get();
    std::ofstream(dir_.path() / "token") << "t0ken\n";
    std::ofstream(dir_.path() / "manager.json") << fmt::format(
        R"({{"pid":{},"address":"127.0.0.1","port":{}}})", ::getpid(), server_.port());
    fs::create_directory(target_.parent_path());
  }

  void handle(Exchange& exchange) {
    if (exchange.target.starts_with("/v1/uploads")) return take_upload(exchange);
    const auto said = [&]() -> std::string {
      if (exchange.target == "/v1/health") return R"({"ok":true})";
      if (exchange.target == kData) {
        return R"({"id":"d-1","owner":"u-1","name":"a.txt","shape":"file","sha256":"","bytes":9})";
      }
      if (exchange.target == kResult) {
        return R"({"id":"r-1","owner":"u-1","job":"j-1","sha256":"","bytes":9})";
      }
      if (exchange.target == "/v1/data" || exchange.target == "/v1/programs") {
        return R"({"items":[]})";
      }
      return {};
    }();
    if (!said.empty()) return exchange.answer(200, said);
    exchange.write("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf");
    files_half_way_ = files();
    ::kill(::getpid(), SIGINT);
    exchange.wait_for_end();
  }

  // Its end is not waited for: the client asks for the removal on another connection.
  void take_upload(Exchange& exchange) {
    if (exchange.method == "POST") {
      return exchange.answer(201, {}, "Location: /v1/uploads/up-1\r\n");
    }
    if (exchange.method == "DELETE") {
      removed_ = exchange.target;
      return exchange.answer(204);
    }
    ::kill(::getpid(), SIGINT);
    exchange.wait_for_end();
  }

  int run(std::vector<std::string> line) {
    line.insert(line.begin(), "bdaas");
    std::vector<const char*> words;
    for (const auto& word : line) words.push_back(word.c_str());
    return cli_main(static_cast<int>(words.size()), words.data(), environment_);
  }
  int get(std::string_view noun, std::string_view path) {
    return run({std::string(noun), "get", std::string(path.substr(path.rfind('/') + 1)), "--output",
                target_.native()});
  }
  std::string file(std::string_view name) const {
    const auto path = dir_.path() / name;
    std::ofstream(path) << "print('hello')\n";
    return path.native();
  }
  int files() const {
    return static_cast<int>(std::distance(fs::directory_iterator(target_.parent_path()), {}));
  }

  const Signals signals_;  // before any thread: SIGINT is delivered to who reads it only
  TempDir dir_ = TempDir::make().value();
  const fs::path target_ = dir_.path() / "mine" / "a.txt";
  const UniqueFd out_{::memfd_create("out", MFD_CLOEXEC)};
  std::atomic<int> files_half_way_ = 0;
  std::string removed_;  // written before an answer that the client waits for
  CliEnvironment environment_;
  FakeServer server_{[this](Exchange& exchange) { handle(exchange); }};
};

TEST_F(InterruptedTransferTest, LeavesNothingOfData) {
  EXPECT_EQ(get("data", kData), static_cast<int>(ExitCode::cancelled));
  EXPECT_EQ(files_half_way_, 1);
  EXPECT_EQ(files(), 0);
}

TEST_F(InterruptedTransferTest, LeavesNothingOfAResult) {
  EXPECT_EQ(get("results", kResult), static_cast<int>(ExitCode::cancelled));
  EXPECT_EQ(files_half_way_, 1);
  EXPECT_EQ(files(), 0);
}

TEST_F(InterruptedTransferTest, LeavesNoUploadOfData) {
  EXPECT_EQ(run({"data", "put", file("a.txt")}), static_cast<int>(ExitCode::cancelled));
  EXPECT_EQ(removed_, "/v1/uploads/up-1");
}

TEST_F(InterruptedTransferTest, LeavesNoUploadOfAProgram) {
  EXPECT_EQ(run({"programs", "upload", file("a.py")}), static_cast<int>(ExitCode::cancelled));
  EXPECT_EQ(removed_, "/v1/uploads/up-1");
}

}  // namespace
}  // namespace bdaas::cli
