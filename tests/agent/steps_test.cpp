// Programs run once, their output followed, what they left kept.

#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "agent/node_fixture.h"
#include "base/subprocess.h"
#include "model/exec_spec.h"

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Of this process alone: an agent ends what carries its step's id, on the whole machine.
const StepId kStep{fmt::format("s-{}", ::getpid())};

class StepsTest : public NodeTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(place().ok());
    connect();
  }

  void run(std::vector<std::string> argv) {
    RunStep order;
    order.run.step = kStep;
    order.run.argv = std::move(argv);
    send(order);
  }

  // As a container of an engine does it: without the agent.
  int run_in_container(ExecSpec spec) {
    const auto cwd = path("container");
    EXPECT_TRUE(make_directory(cwd).ok());
    EXPECT_TRUE(write_file(cwd + "/spec.json", write_json(to_json(spec))).ok());
    Command command;
    command.argv = {AGENT_BINARY, "exec", "--spec", "spec.json"};
    command.env = {{"BDAAS_DIR", dir_}, {"BDAAS_LEASE", lease_.text}};
    command.working_dir = cwd;
    const auto completed = bdaas::run(command);
    EXPECT_TRUE(completed.ok());
    return completed ? completed->exit_code : -1;
  }

  ExecSpec exec(std::vector<std::string> argv) const {
    ExecSpec spec;
    spec.step = kStep;
    spec.argv = std::move(argv);
    spec.output_dir = "steps/" + kStep.text;
    spec.ignore = {"spec.json"};
    return spec;
  }

  std::vector<std::string> names_in_work() {
    EXPECT_TRUE(write_file(path("left.tar"), follow_to_end(kStep, OutputStream::work)).ok());
    const auto listed = run_checked({{"tar", "-tf", path("left.tar")}});
    std::vector<std::string> names;
    std::istringstream lines(listed ? listed->out : "");
    for (std::string line; std::getline(lines, line);) names.push_back(line);
    return names;
  }
};

TEST_F(StepsTest, BeginsAndEndsWithItsCodeAndLastLines) {
  run({TEST_PROGRAM, "fail", "7", "no such column: word"});
  const auto ended = await_end(kStep);
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_EQ(ended.last_lines, "no such column: word");
  EXPECT_GT(ended.stderr_bytes, 0);
  EXPECT_EQ(follow_to_end(kStep, OutputStream::err), "no such column: word\n");
  EXPECT_EQ(follow_to_end(kStep, OutputStream::out), "");
  EXPECT_EQ(follow_to_end(kStep, OutputStream::work), "");
}

TEST_F(StepsTest, IsFollowedAsItGrowsAndFromAnOffsetAfterAReconnect) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  run({TEST_PROGRAM, "chat", path("fifo")});
  std::ofstream fifo(path("fifo"));
  fifo << "first\n" << std::flush;
  send(Follow{kStep, OutputStream::out, 0});
  auto& output = seen_.output[{kStep, OutputStream::out}];
  ASSERT_TRUE(eventually([&] { return output == "first\n"; }));
  connect();  // another manager, which has 6 bytes
  send(Follow{kStep, OutputStream::out, 6});
  fifo << "second\n" << std::flush;
  ASSERT_TRUE(eventually([&] { return output == "first\nsecond\n"; }));
  fifo.close();
  ASSERT_TRUE(eventually([&] { return seen_.ended[{kStep, OutputStream::out}]; }));
  EXPECT_EQ(await_end(kStep).exit_code, 0);
}

TEST_F(StepsTest, IsStartedOnceHoweverOftenItIsOrderedAndTheAgentDies) {
  ASSERT_EQ(::mkfifo(path("gate").c_str(), 0600), 0);
  const std::vector<std::string> argv{TEST_PROGRAM, "create", path("made"), path("gate")};
  run(argv);
  ASSERT_TRUE(eventually([&] { return fs::exists(path("made")); }));
  for (int i = 0; i < 3; ++i) {
    kill_agent();
    ASSERT_TRUE(place().ok());
    connect();
    run(argv);  // a second one would fail: the file is there
  }
  std::ofstream(path("gate")) << "x";
  EXPECT_EQ(await_end(kStep).exit_code, 0);
}

TEST_F(StepsTest, AnEndWhileTheAgentWasDeadIsStillReported) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  run({TEST_PROGRAM, "chat", path("fifo")});
  std::ofstream fifo(path("fifo"));
  kill_agent();
  fifo << "alone\n";
  fifo.close();
  ASSERT_TRUE(eventually([&] { return fs::exists(path("steps/" + kStep.text + "/exit")); }));
  ASSERT_TRUE(place().ok());
  connect();
  EXPECT_EQ(await_end(kStep).exit_code, 0);
  EXPECT_EQ(follow_to_end(kStep, OutputStream::out), "alone\n");
}

TEST_F(StepsTest, AKilledKeeperIsAnEndOfUnknownCode) {
  run({TEST_PROGRAM, "wait"});
  ASSERT_TRUE(eventually([&] { return !seen_.processes[kStep].empty(); }));
  const auto program = static_cast<pid_t>(seen_.processes[kStep].back().pid);
  for (const auto pid : processes_of(lease_)) {
    const auto command = read_file(fmt::format("/proc/{}/cmdline", pid)).value_or("");
    if (command.find(std::string("exec\0", 5)) != std::string::npos) ::kill(pid, SIGKILL);
  }
  const auto ended = await_end(kStep);
  EXPECT_EQ(ended.exit_code, 255);
  EXPECT_THAT(ended.last_lines, HasSubstr("unknown"));
  ASSERT_TRUE(eventually([&] { return ::kill(program, 0) != 0; }));  // the program went with it
  EXPECT_EQ(follow_to_end(kStep, OutputStream::out), "");
}

TEST_F(StepsTest, AProgramThatCannotBeExecutedSaysSo) {
  run({"/no/such/program"});
  const auto ended = await_end(kStep);
  EXPECT_EQ(ended.exit_code, 126);
  EXPECT_THAT(ended.last_lines, HasSubstr("/no/such/program"));
}

TEST_F(StepsTest, IsToldToStopAndMayObey) {
  run({TEST_PROGRAM, "obey"});
  send(Follow{kStep, OutputStream::out, 0});
  ASSERT_TRUE(eventually([&] { return seen_.output[{kStep, OutputStream::out}] == "ready\n"; }));
  send(StopStep{kStep, Millis{10'000}});
  EXPECT_EQ(await_end(kStep).exit_code, 43);
  ASSERT_TRUE(eventually([&] {
    return seen_.output[{kStep, OutputStream::out}] == "ready\nbye\n";
  }));
}

TEST_F(StepsTest, IsKilledWhenItDoesNotObeyWithAllItStarted) {
  run({TEST_PROGRAM, "daemonize", path("grandchild"), "wait"});
  ASSERT_TRUE(eventually([&] { return lines_in("grandchild").size() == 1; }));
  const auto grandchild = static_cast<pid_t>(lines_in("grandchild")[0]);
  send(StopStep{kStep, Millis{100}});
  EXPECT_NE(await_end(kStep).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return ::kill(grandchild, 0) != 0; }));
}

TEST_F(StepsTest, WhatItLeftComesAsATar) {
  run({TEST_PROGRAM, "leave"});
  EXPECT_EQ(await_end(kStep).exit_code, 0);
  EXPECT_THAT(names_in_work(),
              testing::UnorderedElementsAre("./model.bin", "./plots/", "./plots/1.png"));
}

TEST_F(StepsTest, AFloodIsBoundedAndDoesNotBlockTheProgram) {
  run({TEST_PROGRAM, "print", "200"});
  EXPECT_EQ(await_end(kStep).exit_code, 0);
  const auto text = follow_to_end(kStep, OutputStream::out);
  EXPECT_LT(text.size(), (65u << 20) + 200);
  EXPECT_GT(text.size(), 65u << 20);
  EXPECT_THAT(text.substr(64u << 20, 100), HasSubstr("bytes left out"));
  EXPECT_TRUE(text.ends_with("the end\n"));
}

// ---- containers ----

TEST_F(StepsTest, AContainersProgramIsFoundAndReported) {
  auto spec = exec({TEST_PROGRAM, "fail", "5", "{cwd} of {dir}"});
  spec.files = {{"etc/given", "x", 0644}};
  EXPECT_EQ(run_in_container(spec), 5);
  const auto ended = await_end(kStep);
  EXPECT_EQ(ended.exit_code, 5);
  EXPECT_EQ(ended.last_lines, path("container") + " of " + dir_);
  EXPECT_TRUE(fs::exists(path("container/etc/given")));
}

TEST_F(StepsTest, AContainersProgramLeavesWhatIsItsOwn) {
  auto spec = exec({TEST_PROGRAM, "leave"});
  spec.files = {{"given", "x", 0644}};
  EXPECT_EQ(run_in_container(spec), 0);
  await_end(kStep);
  EXPECT_THAT(names_in_work(),
              testing::UnorderedElementsAre("./model.bin", "./plots/", "./plots/1.png"));
  EXPECT_FALSE(fs::exists(path("container/model.bin")));  // moved, not copied
}

TEST_F(StepsTest, ASecondAttemptIsReportedAndItsOutputGoesOn) {
  EXPECT_EQ(run_in_container(exec({TEST_PROGRAM, "fail", "5", "one"})), 5);
  await_end(kStep);
  EXPECT_EQ(run_in_container(exec({TEST_PROGRAM, "fail", "0", "two"})), 0);
  ASSERT_TRUE(eventually([&] { return seen_.processes[kStep].back().exit_code == 0; }));
  EXPECT_EQ(follow_to_end(kStep, OutputStream::err), "one\n\n… attempt 2 …\ntwo\n");
}

TEST_F(StepsTest, ExecOutsideANodeIsRefused) {
  ASSERT_TRUE(write_file(path("spec.json"), write_json(to_json(exec({"/bin/true"})))).ok());
  Command command;
  command.argv = {AGENT_BINARY, "exec", "--spec", path("spec.json")};
  command.env = {{"BDAAS_DIR", ""}};
  const auto completed = bdaas::run(command);
  EXPECT_EQ(completed->exit_code, 126);
  EXPECT_THAT(completed->err, HasSubstr("BDAAS_DIR"));
}

}  // namespace
}  // namespace bdaas
