#include "base/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>

#include <csignal>

#include "base/files.h"
#include "base/temp_dir.h"
#include "base/unique_fd.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Command shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}}; }

TEST(Run, TellsTheProcessBeforeItsFirstLine) {
  pid_t told = 0;
  std::string line_of_pid;
  const auto completed = run({.argv = {"sh", "-c", "echo $$"},
                              .on_line =
                                  [&](std::string_view line) {
                                    EXPECT_NE(told, 0);
                                    line_of_pid = line;
                                  },
                              .on_start = [&](pid_t pid) { told = pid; }});
  ASSERT_TRUE(completed.ok());
  EXPECT_EQ(line_of_pid, std::to_string(told));
}

TEST(Run, GivesOutputAndExitCode) {
  const auto done = run(shell("echo out; echo err >&2; exit 3")).value();
  EXPECT_EQ(done.exit_code, 3);
  EXPECT_EQ(done.out, "out\n");
  EXPECT_EQ(done.err, "err\n");
}

TEST(Run, ArgumentsAreNotTouchedByAnyShell) {
  const auto done = run({.argv = {"printf", "%s|", "a b", "$HOME", "*", ""}}).value();
  EXPECT_EQ(done.out, "a b|$HOME|*||");
}

TEST(Run, ASignalIsAnExitCodeOver128) {
  EXPECT_EQ(run(shell("kill -KILL $$")).value().exit_code, 128 + SIGKILL);
}

TEST(Run, EnvironmentIsInheritedAddedAndReplaced) {
  const auto done = run(
      {.argv = {"sh", "-c", "echo $A-$PATH"}, .env = {{"A", "x=y"}, {"PATH", "/bin:/usr/bin"}}});
  EXPECT_EQ(done.value().out, "x=y-/bin:/usr/bin\n");
  EXPECT_NE(run(shell("echo $PATH")).value().out, "\n");
}

TEST(Run, InAWorkingDirectory) {
  const auto dir = TempDir::make().value();
  EXPECT_EQ(run({.argv = {"pwd"}, .working_dir = dir.path()}).value().out,
            dir.path().native() + "\n");
  const auto failed = run({.argv = {"pwd"}, .working_dir = dir.path() / "absent"});
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("absent"));
}

TEST(Run, AProgramThatDoesNotExist) {
  const auto failed = run({.argv = {"no-such-program-anywhere"}});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::not_found);
  EXPECT_THAT(failed.error().message, HasSubstr("no-such-program-anywhere"));
  EXPECT_EQ(run({}).error().kind, ErrorKind::invalid_argument);
}

TEST(Run, HandsOnLinesOfBothStreams) {
  std::vector<std::string> lines;
  auto command = shell("printf 'a\\r\\nb\\n\\nlast'");
  command.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  ASSERT_TRUE(run(command).ok());
  EXPECT_THAT(lines, ElementsAre("a", "b", "", "last"));
  lines.clear();
  command = shell("echo err >&2");
  command.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  ASSERT_TRUE(run(command).ok());
  EXPECT_THAT(lines, ElementsAre("err"));
}

TEST(Run, KeepsTheTailsOnlyAndBoundsLines) {
  auto command = shell("head -c 5000000 /dev/zero | tr '\\0' x; echo end");
  command.keep_bytes = 1000;
  std::size_t longest = 0;
  std::size_t total = 0;
  command.on_line = [&](std::string_view line) {
    longest = std::max(longest, line.size());
    total += line.size();
  };
  const auto done = run(command).value();
  EXPECT_EQ(done.out, std::string(996, 'x') + "end\n");
  EXPECT_EQ(total, 5'000'003u);
  EXPECT_LE(longest, 64u * 1024);
}

TEST(Run, StopsTheWholeGroupAtItsDeadline) {
  const auto dir = TempDir::make().value();
  const auto pid_file = dir.path() / "pid";
  // The grandchild ignores SIGTERM and keeps the pipes open; it must die nevertheless.
  auto command = shell("sh -c 'trap \"\" TERM; echo $$ > " + pid_file.native() +
                       "; while :; do sleep 1000; done' & echo words; wait");
  command.timeout = Millis(300);
  const auto begin = std::chrono::steady_clock::now();
  const auto failed = run(command);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::deadline_exceeded);
  EXPECT_THAT(failed.error().message, HasSubstr("words"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  const pid_t grandchild = std::stoi(read_file(pid_file).value());
  const UniqueFd watched(static_cast<int>(::syscall(SYS_pidfd_open, grandchild, 0)));
  pollfd fd{watched.get(), POLLIN, 0};
  EXPECT_TRUE(!watched.valid() || ::poll(&fd, 1, 5000) == 1) << "the grandchild lives";
}

// Who takes lines is busy with one.
void work_until(std::chrono::steady_clock::time_point when) {
  while (std::chrono::steady_clock::now() < when) {
  }
}

TEST(Run, StopsAtItsDeadlineAProgramThatPrintsWithoutPause) {
  Command command{.argv = {"yes"}, .timeout = Millis(300)};
  command.on_line = [](std::string_view) {
    work_until(std::chrono::steady_clock::now() + Millis(1));
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto failed = run(command);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::deadline_exceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(Run, AProgramThatEndedInTimeIsNotLateBecauseItsLinesAreTakenSlowly) {
  UniqueFd process;
  std::vector<std::string> lines;
  std::chrono::steady_clock::time_point late;
  auto command = shell("seq 50");
  command.timeout = Millis(1000);
  command.on_start = [&](pid_t pid) {
    process.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    late = std::chrono::steady_clock::now() + command.timeout;
  };
  command.on_line = [&](std::string_view line) {
    if (lines.empty()) {
      pollfd end{process.get(), POLLIN, 0};
      EXPECT_EQ(::poll(&end, 1, 5000), 1);
      work_until(late);
    }
    lines.emplace_back(line);
  };
  const auto done = run(command);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->exit_code, 0);
  EXPECT_EQ(lines.size(), 50u);
  EXPECT_EQ(lines.back(), "50");
}

TEST(Run, DoesNotWaitForWhatTheProgramLeftBehind) {
  const auto done = run(shell("sleep 1000 & echo $!")).value();
  const pid_t left = std::stoi(done.out);
  EXPECT_EQ(::kill(left, 0), 0);
  EXPECT_EQ(::kill(left, SIGKILL), 0);
}

TEST(Run, TheChildGetsItsThreeDescriptorsAndNoOthers) {
  const UniqueFd leaked(::open("/dev/null", O_RDONLY));  // on purpose without O_CLOEXEC
  ASSERT_TRUE(leaked.valid());
  const auto done = run({.argv = {"ls", "/proc/self/fd"}}).value();
  EXPECT_EQ(done.out, "0\n1\n2\n3\n");  // 3: the listing itself
  EXPECT_EQ(run({.argv = {"cat"}}).value().out, "") << "stdin is empty";
}

TEST(Run, TheChildStartsWithOrdinarySignals) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const auto pipe = run(shell("kill -PIPE $$; echo ignored")).value();
  const auto user = run(shell("kill -USR1 $$; echo blocked")).value();
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(pipe.exit_code, 128 + SIGPIPE);
  EXPECT_EQ(user.exit_code, 128 + SIGUSR1);
}

TEST(RunChecked, AnExitCodeIsAnErrorWithTheLastLines) {
  const auto failed = run_checked(shell("echo first; echo second >&2; exit 7"));
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("exit code 7: second"));
  EXPECT_THAT(run_checked(shell("echo only out; exit 1")).error().message, HasSubstr("only out"));
  EXPECT_EQ(run_checked(shell("echo fine")).value().out, "fine\n");
}

TEST(FindProgram, OnThePathOrByItsName) {
  EXPECT_THAT(find_program("sh").value(), HasSubstr("/sh"));
  EXPECT_EQ(find_program("/bin/sh").value(), "/bin/sh");
  EXPECT_FALSE(find_program("no-such-program-anywhere"));
  EXPECT_FALSE(find_program("/etc/passwd")) << "not executable";
  EXPECT_FALSE(find_program("/")) << "a directory";
  EXPECT_FALSE(find_program(""));
}

TEST(LastLines, Cut) {
  EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc");
  EXPECT_EQ(last_lines("a\nb\nc", 3), "a\nb\nc");
  EXPECT_EQ(last_lines("a\nb\nc", 10), "a\nb\nc");
  EXPECT_EQ(last_lines("", 3), "");
  EXPECT_EQ(last_lines("\n\n", 3), "");
  EXPECT_EQ(last_lines("a", 1), "a");
  EXPECT_EQ(last_lines("a\nb", 0), "");
  EXPECT_EQ(last_lines("\nb", 1), "b");
  EXPECT_EQ(last_lines("\nb", 2), "\nb");
}

TEST(Run, EndsWhenItIsCancelled) {
  std::atomic<bool> cancel = false;
  auto command = shell("echo begun; while :; do sleep 1000; done");
  command.cancel = &cancel;
  command.on_line = [&](std::string_view) { cancel = true; };
  const auto begin = std::chrono::steady_clock::now();
  const auto failed = run(command);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace bdaas
