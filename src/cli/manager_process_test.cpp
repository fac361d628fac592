#include "cli/manager_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/temp_dir.h"
#include "cli/fake_server.h"
#include "cli/task.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;

class ManagerProcessTest : public testing::Test {
 protected:
  ManagerProcessTest() {
    environment_.env = {{"BDAAS_HOME", (dir_.path() / "home").native()}, {"PATH", "/usr/bin:/bin"}};
    state_ = state_dir_of(environment_).value();
    fs::create_directories(state_.root);
    std::ofstream(state_.token()) << "t0ken\n";
  }

  void write_manager_file(const fs::path& path, pid_t pid = ::getpid()) {
    std::ofstream(path) << fmt::format(R"({{"pid":{},"address":"127.0.0.1","port":{}}})", pid,
                                       server_.port());
  }
  // Stands for `bdaas serve`.
  void become(const std::string& script) {
    const auto path = dir_.path() / "bdaas";
    std::ofstream(path) << "#!/bin/sh\n" << script;
    ::chmod(path.c_str(), 0700);
    environment_.executable = path;
  }

  TempDir dir_ = TempDir::make().value();
  CliEnvironment environment_;
  StateDir state_;
  std::atomic<int> health_status_{200};
  FakeServer server_{[this](Exchange& exchange) {
    exchange.answer(health_status_, exchange.target == "/v1/health" ? R"({"ok":true})" : "{}");
  }};
};

TEST(StateDirOf, FollowsTheEnvironment) {
  const auto root = [](std::map<std::string, std::string> env) -> std::string {
    CliEnvironment environment;
    environment.env = std::move(env);
    const auto state = state_dir_of(environment);
    return state.ok() ? state->root.native() : state.error().message;
  };
  EXPECT_EQ(root({{"BDAAS_HOME", "/b"}, {"XDG_DATA_HOME", "/x"}, {"HOME", "/h"}}), "/b");
  EXPECT_EQ(root({{"XDG_DATA_HOME", "/x"}, {"HOME", "/h"}}), "/x/bdaas");
  EXPECT_EQ(root({{"XDG_DATA_HOME", "relative"}, {"HOME", "/h"}}), "/h/.local/share/bdaas");
  EXPECT_EQ(root({{"HOME", "/h"}}), "/h/.local/share/bdaas");
  EXPECT_THAT(root({}), HasSubstr("set BDAAS_HOME"));
}

TEST_F(ManagerProcessTest, FindsALivingManager) {
  EXPECT_FALSE(find_manager(state_).ok());
  write_manager_file(state_.manager());
  const auto found = find_manager(state_);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->base_url, server_.url());
  EXPECT_EQ(found->token.reveal(), "t0ken");
  health_status_ = 503;
  EXPECT_FALSE(find_manager(state_).ok());
}

TEST_F(ManagerProcessTest, AFileOfADeadManagerIsNoManager) {
  std::ofstream(state_.manager()) << fmt::format(R"({{"pid":{},"address":"127.0.0.1","port":1}})",
                                                 ::getpid());
  EXPECT_FALSE(find_manager(state_).ok());
  std::ofstream(state_.manager()) << "{";
  EXPECT_FALSE(find_manager(state_).ok());
}

// What listens at the port of a killed manager may be anybody's, and would be sent the token.
TEST_F(ManagerProcessTest, WhoAnswersInADeadManagersPlaceIsNotBelieved) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  write_manager_file(state_.manager(), child);
  const auto found = find_manager(state_);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(process_of_manager(state_).valid());
  if (::geteuid() != 0) {
    write_manager_file(state_.manager(), 1);  // lives, and is root's
    EXPECT_FALSE(find_manager(state_).ok());
  }
  write_manager_file(state_.manager(), 0);
  EXPECT_FALSE(find_manager(state_).ok());
}

TEST_F(ManagerProcessTest, StartsOneWhenThereIsNone) {
  write_manager_file(state_.root / "ready.json");
  become(
      "echo \"$@\" > \"$BDAAS_HOME/words\"\nmv \"$BDAAS_HOME/ready.json\" "
      "\"$BDAAS_HOME/manager.json\"\n");
  const auto endpoint = ensure_manager(environment_, state_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  EXPECT_EQ(endpoint->base_url, server_.url());
  EXPECT_EQ(read_file(state_.root / "words").value(), "serve --detach --idle-exit 10m\n");
}

TEST_F(ManagerProcessTest, OneThatSomebodyElseStartsIsGoodToo) {
  // Ours finds the lock held and gives up; the other's file comes a moment later.
  write_manager_file(state_.root / "ready.json");
  become(
      "(read x < \"$BDAAS_HOME/gate\"; mv \"$BDAAS_HOME/ready.json\" \"$BDAAS_HOME/manager.json\") "
      "&\n"
      "echo another manager holds the lock >&2\nexit 1\n");
  ::mkfifo((state_.root / "gate").c_str(), 0600);
  Task opens_gate([this](TaskControl& control) {
    control.wait(Millis{50});
    std::ofstream(state_.root / "gate") << "go\n";
  });
  const auto endpoint = ensure_manager(environment_, state_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
}

TEST_F(ManagerProcessTest, SaysWhyNoneCouldBeStarted) {
  become("echo 'bdaas: port 80 is taken' >&2\nexit 3\n");
  const auto said = ensure_manager(environment_, state_, Millis{200});
  ASSERT_FALSE(said.ok());
  EXPECT_EQ(said.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(said.error().message, "cannot start the manager: bdaas: port 80 is taken");

  become(
      "echo one > \"$BDAAS_HOME/manager.log\"; echo two >> \"$BDAAS_HOME/manager.log\"; exit 1\n");
  const auto logged = ensure_manager(environment_, state_, Millis{200});
  ASSERT_FALSE(logged.ok());
  EXPECT_THAT(logged.error().message, HasSubstr("manager.log' is:\none\ntwo"));

  environment_.executable = dir_.path() / "absent";
  const auto absent = ensure_manager(environment_, state_, Millis{200});
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().message, HasSubstr("cannot start the manager '"));
}

TEST_F(ManagerProcessTest, StopsWaitingForASilentManagerWhenTold) {
  std::atomic<bool> stop{false};
  FakeServer silent([&stop](Exchange& exchange) {
    stop = true;
    exchange.wait_for_end();
  });
  std::ofstream(state_.manager()) << fmt::format(R"({{"pid":1,"address":"127.0.0.1","port":{}}})",
                                                 silent.port());
  environment_.executable = dir_.path() / "absent";  // starting it would be another error
  const auto endpoint = ensure_manager(environment_, state_, std::chrono::seconds(60), &stop);
  ASSERT_FALSE(endpoint.ok());
  EXPECT_EQ(endpoint.error().kind, ErrorKind::cancelled);
}

TEST_F(ManagerProcessTest, StopsWaitingWhenTold) {
  become("exit 0\n");
  const std::atomic<bool> stop{true};
  const auto endpoint = ensure_manager(environment_, state_, std::chrono::seconds(60), &stop);
  ASSERT_FALSE(endpoint.ok());
  EXPECT_EQ(endpoint.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace bdaas::cli
