#include "provider/local/machine_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/files.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/unique_fd.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

// Started by a shell that ends: a process that is nobody's child here, as daemons are.
class Stray {
 public:
  explicit Stray(Command command) {
    const auto done = run_checked(command);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
    pid_ = std::stoi(done.value().out);
    pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  }
  ~Stray() {
    if (lives()) ::kill(pid_, SIGKILL);
  }
  Stray(const Stray&) = delete;
  Stray& operator=(const Stray&) = delete;

  bool lives() const {
    pollfd fd{pidfd_.get(), POLLIN, 0};
    return pidfd_.valid() && ::poll(&fd, 1, 0) == 0;
  }

 private:
  pid_t pid_ = 0;
  UniqueFd pidfd_;
};

class MachineProcesses : public testing::Test {
 protected:
  static Command shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }
  static Command sleeper() { return shell("sleep 1000 >/dev/null 2>&1 & echo $!"); }
  Command marked(std::string token) const {
    auto command = sleeper();
    command.env = {{"BDAAS_LEASE", std::move(token)}};
    return command;
  }
  Command inside(const fs::path& place) const {
    auto command = sleeper();
    command.working_dir = place.native();
    return command;
  }
  void SetUp() override {
    ASSERT_TRUE(make_directory(machine() / "deep").ok());
    ASSERT_TRUE(make_directory(dir_.path() / "l-10").ok());
  }
  fs::path machine() const { return dir_.path() / "l-1"; }
  // Unique, since the marks are looked for in every process of this user.
  LeaseId token() const { return {"l-" + dir_.path().filename().native()}; }
  Result<> end() const { return end_processes({token(), machine()}, std::chrono::seconds(10)); }

  TempDir dir_ = TempDir::make().value();
};

TEST_F(MachineProcesses, EndsWhatCarriesTheLeaseOrRunsInside) {
  const Stray by_mark(marked(token().text));
  const Stray by_place(inside(machine() / "deep"));
  const Stray ignores_term([&] {
    auto command = shell("(trap '' TERM; exec sleep 1000) >/dev/null 2>&1 & echo $!");
    command.env = {{"BDAAS_LEASE", token().text}};
    return command;
  }());
  ASSERT_TRUE(end().ok());
  EXPECT_FALSE(by_mark.lives());
  EXPECT_FALSE(by_place.lives());
  EXPECT_FALSE(ignores_term.lives());
}

TEST_F(MachineProcesses, LeavesAllOthersAlone) {
  const Stray unrelated(sleeper());
  const Stray other_machine(inside(dir_.path() / "l-10"));
  const Stray longer_token(marked(token().text + "0"));
  const Stray token_in_another_variable([&] {
    auto command = sleeper();
    command.env = {{"X", "BDAAS_LEASE=" + token().text}, {"XBDAAS_LEASE", token().text}};
    return command;
  }());
  const Stray only_named([&] {
    const auto log = machine() / "log";
    return shell("echo > " + log.native() + "; cd /; tail -f " + log.native() +
                 " >/dev/null 2>&1 & echo $!");
  }());
  ASSERT_TRUE(end().ok());
  EXPECT_TRUE(unrelated.lives());
  EXPECT_TRUE(other_machine.lives());
  EXPECT_TRUE(longer_token.lives());
  EXPECT_TRUE(token_in_another_variable.lives());
  EXPECT_TRUE(only_named.lives());
}

TEST_F(MachineProcesses, EndsAProgramOfTheMachineWhoseDirectoryIsGone) {
  auto command = inside(machine() / "deep");
  const Stray process(command);
  ASSERT_TRUE(remove_tree(machine()).ok());
  ASSERT_TRUE(end().ok());
  EXPECT_FALSE(process.lives());
}

TEST_F(MachineProcesses, EndsAProgramThatStandsInTheDirectory) {
  fs::copy_file("/bin/sleep", machine() / "program");
  auto command = shell((machine() / "program").native() + " 1000 >/dev/null 2>&1 & echo $!");
  const Stray process(command);
  ASSERT_TRUE(end().ok());
  EXPECT_FALSE(process.lives());
}

TEST_F(MachineProcesses, EndsAFamilyThatStartsItsMembersAgain) {
  auto command = shell("(while :; do sleep 0.01; done) >/dev/null 2>&1 & echo $!");
  command.env = {{"BDAAS_LEASE", token().text}};
  const Stray keeper(command);
  ASSERT_TRUE(end().ok());
  EXPECT_FALSE(keeper.lives());
}

TEST_F(MachineProcesses, NeverEndsItselfOrItsAncestors) {
  // A child process calls it with its own marks; the child and this process (its ancestor) must
  // live.
  const pid_t child = ::fork();
  if (child == 0) {
    const bool marked_self = ::chdir(machine().c_str()) == 0 && end().ok();
    ::_exit(marked_self ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(MachineProcesses, WhatCannotBeEndedInTimeIsAnError) {
  const Stray process(marked(token().text));
  EXPECT_EQ(end_processes({token(), machine()}, Millis(0)).error().kind,
            ErrorKind::deadline_exceeded);
}

TEST_F(MachineProcesses, NothingToEndIsFine) {
  EXPECT_TRUE(end().ok());
  EXPECT_TRUE(end_processes({token(), dir_.path() / "never-was"}, Millis(100)).ok());
}

}  // namespace
}  // namespace bdaas
