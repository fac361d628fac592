#pragma once
// cli_main against a manager that answers from a table. For tests.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#include "base/temp_dir.h"
#include "cli/cli.h"
#include "cli/fake_server.h"

namespace bdaas::cli {

struct Answer {
  int status = 200;
  std::string body;
};

class CliMainTest : public testing::Test {
 protected:
  CliMainTest() {
    environment_.version = "1.2.3";
    environment_.executable = "/bin/false";
    environment_.env = {{"BDAAS_HOME", dir_.path().native()}};
    environment_.serve = [this](const ServeOptions& options) {
      served_ = options;
      return 7;
    };
    std::ofstream(dir_.path() / "token") << "t0ken\n";
    std::ofstream(dir_.path() / "manager.json") << fmt::format(
        R"({{"pid":{},"address":"127.0.0.1","port":{}}})", ::getpid(), server_.port());
  }

  int run(std::vector<const char*> words) {
    words.insert(words.begin(), "bdaas");
    const UniqueFd out(::memfd_create("out", 0));
    const UniqueFd err(::memfd_create("err", 0));
    environment_.out_fd = out.get();
    environment_.err_fd = err.get();
    const int code = cli_main(static_cast<int>(words.size()), words.data(), environment_);
    out_ = content(out.get());
    err_ = content(err.get());
    return code;
  }
  static std::string content(int fd) {
    std::string text(1 << 18, '\0');
    const auto got = ::pread(fd, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  void handle(Exchange& exchange) {
    const auto body = exchange.read_body();
    const std::lock_guard lock(mutex_);
    if (exchange.target == "/v1/health") return exchange.answer(200, R"({"ok":true})");
    EXPECT_EQ(exchange.headers["authorization"], "Bearer t0ken");
    const auto key = exchange.method + " " + exchange.target;
    asked_.push_back(body.empty() ? key : key + " " + body);
    const auto found = answers_.find(key);
    if (found == answers_.end()) {
      return exchange.answer(404, R"({"error":{"kind":"not_found","message":"nothing there"}})");
    }
    exchange.answer(found->second.status, found->second.body);
  }

  TempDir dir_ = TempDir::make().value();
  std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> asked_;
  FakeServer server_{[this](Exchange& exchange) { handle(exchange); }};
  CliEnvironment environment_;
  std::optional<ServeOptions> served_;
  std::string out_;
  std::string err_;
};

}  // namespace bdaas::cli
