#include "agent/process.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>

#include "agent/init_mode.h"
#include "agent/probe.h"
#include "agent/process_table.h"
#include "agent/test_dir.h"
#include "agent/wait_set.h"

namespace bdaas {
namespace {

SpawnSpec program(std::vector<std::string> argv, std::map<std::string, std::string> env = {}) {
  SpawnSpec spec;
  spec.argv = std::move(argv);
  spec.env = std::move(env);
  return spec;
}

std::optional<int> exit_of(Process& process) {
  const auto deadline = BootClock::now() + std::chrono::seconds(20);
  while (BootClock::now() < deadline) {
    if (const auto exit = process.ended()) return exit->code;
    WaitSet wait;
    wait.on_readable(process.fd());
    wait.at(deadline);
    wait.wait();
  }
  ADD_FAILURE() << "it does not end";
  return std::nullopt;
}

TEST(Process, DoesNothingBeforeItIsReleased) {
  const TestDir dir;
  auto held = HeldProcess::fork(program({"/bin/mkdir", dir.path("made")}));
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(identify(static_cast<pid_t>(held->id().pid)), held->id());
  EXPECT_FALSE(fs::exists(dir.path("made")));
  auto process = std::move(*held).release();
  ASSERT_TRUE(process.ok());
  EXPECT_EQ(exit_of(*process), 0);
  EXPECT_TRUE(fs::exists(dir.path("made")));
}

TEST(Process, NeverReleasedNeverRuns) {
  const TestDir dir;
  std::optional<Process> watched;
  {
    auto held = HeldProcess::fork(program({"/bin/mkdir", dir.path("made")}));
    watched = Process::adopt(held->id());
    ASSERT_TRUE(watched);
  }
  exit_of(*watched);
  EXPECT_FALSE(fs::exists(dir.path("made")));
}

TEST(Process, SaysWhyItCannotBeExecuted) {
  auto held = HeldProcess::fork(program({"/no/such/program"}));
  const auto process = std::move(*held).release();
  ASSERT_FALSE(process.ok());
  EXPECT_THAT(process.error().message, testing::HasSubstr("No such file"));
}

TEST(Process, KnowsItsExitAndItsSignal) {
  auto held = HeldProcess::fork(program({"/bin/false"}));
  auto process = std::move(*held).release();
  EXPECT_EQ(exit_of(*process), 1);
  held = HeldProcess::fork(program({"/bin/sleep", "1000"}));
  process = std::move(*held).release();
  EXPECT_FALSE(process->ended());
  process->signal(SIGTERM);
  EXPECT_EQ(exit_of(*process), 128 + SIGTERM);
}

TEST(Process, AdoptsOnlyTheVeryProcess) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(Process::adopt(*self));
  EXPECT_FALSE(Process::adopt({self->pid, self->start + 1}));
  EXPECT_FALSE(Process::adopt({0, 0}));
  EXPECT_FALSE(Process::adopt({1 << 30, 5}));
}

TEST(ProcessTable, DescendantsAreAllGenerations) {
  const auto row = [](std::int64_t pid, std::int64_t parent) {
    ProcessStat stat;
    stat.id.pid = pid;
    stat.parent = parent;
    return stat;
  };
  std::vector<std::int64_t> pids;
  for (const auto& stat :
       descendants_of(2, {row(9, 7), row(7, 2), row(2, 1), row(3, 1), row(4, 2)})) {
    pids.push_back(stat.id.pid);
  }
  EXPECT_THAT(pids, testing::UnorderedElementsAre(4, 7, 9));
}

TEST(ProcessTable, KillsTheMarkedAndNobodyElse) {
  auto held = HeldProcess::fork(program({"/bin/sleep", "1000"}, {{"MARK", "a"}}));
  auto marked = std::move(*held).release();
  held = HeldProcess::fork(program({"/bin/sleep", "1000"}, {{"MARK", "ab"}}));
  auto other = std::move(*held).release();
  EXPECT_TRUE(is_marked(static_cast<pid_t>(marked->id().pid), "MARK", "a"));
  EXPECT_EQ(kill_all({"MARK", "a"}, Millis{5'000}), 0u);
  EXPECT_FALSE(identify(static_cast<pid_t>(marked->id().pid)));
  EXPECT_TRUE(identify(static_cast<pid_t>(other->id().pid)));
  other->signal(SIGKILL);
  EXPECT_EQ(exit_of(*other), 128 + SIGKILL);
}

TEST(InitMode, RunsOnceAndRecordsIt) {
  const TestDir dir;
  const auto marker = dir.path("formatted");
  EXPECT_EQ(run_init_mode(marker, {"/bin/mkdir", dir.path("data")}), 0);
  EXPECT_TRUE(is_initialized(dir.path(), {"formatted", {}}));
  EXPECT_EQ(run_init_mode(marker, {"/bin/mkdir", dir.path("data")}), 0);  // mkdir would refuse
}

TEST(InitMode, AFailureLeavesNoMarker) {
  const TestDir dir;
  EXPECT_EQ(run_init_mode(dir.path("m"), {"/bin/false"}), 1);
  EXPECT_NE(run_init_mode(dir.path("m"), {"/no/such/program"}), 0);
  EXPECT_FALSE(is_initialized(dir.path(), {"m", {}}));
}

TEST(InitMode, AnUnknownOutcomeIsRunAgainAndRemovesNothing) {
  const TestDir dir;
  ASSERT_TRUE(write_file(dir.path("m.started"), "").ok());
  ASSERT_TRUE(make_directory(dir.path("data")).ok());
  ASSERT_TRUE(write_file(dir.path("data/blocks"), "precious").ok());
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_init_mode(dir.path("m"), {"/bin/mkdir", dir.path("data")}), 1);  // it refuses
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("outcome is unknown"));
  EXPECT_EQ(*read_file(dir.path("data/blocks")), "precious");
  EXPECT_FALSE(is_initialized(dir.path(), {"m", {}}));
}

TEST(HttpAnswer, HoldsWhenItIs200AndHasTheText) {
  EXPECT_TRUE(http_answer_holds("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"State\":\"active\"}", "active"));
  EXPECT_TRUE(http_answer_holds("HTTP/1.0 200\r\n\r\n", ""));
  EXPECT_FALSE(http_answer_holds("HTTP/1.1 503 active\r\n\r\nactive", "active"));
  EXPECT_FALSE(http_answer_holds("HTTP/1.1 200 OK\r\nX: active\r\n\r\nstandby", "active"));
  EXPECT_FALSE(http_answer_holds("HTTP/1.1 200 OK\r\n", ""));
  EXPECT_FALSE(http_answer_holds("HTTP/1.", ""));
  EXPECT_FALSE(http_answer_holds("", ""));
}

}  // namespace
}  // namespace bdaas
