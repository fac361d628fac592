// Plans kept true, whatever dies.

#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "agent/node_fixture.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class DaemonsTest : public NodeTest {};

TEST_F(DaemonsTest, APlanBecomesReadyDaemons) {
  ASSERT_TRUE(place().ok());
  connect();
  EXPECT_EQ(seen_.hello.lease, lease_);
  EXPECT_EQ(seen_.hello.node, node_);
  apply({server("one", free_port()), daemon("two", {TEST_PROGRAM, "wait"})},
        {{path("etc/site.xml"), "<x/>", 0600}});
  await_daemon("one", "ready");
  await_daemon("two", "ready");  // it has no probes
  EXPECT_EQ(seen_.plan->revision, 1);
  EXPECT_EQ(seen_.plan->error, "");
  EXPECT_EQ(*read_file(path("etc/site.xml")), "<x/>");
  EXPECT_EQ(*read_file(path("one.log")), "serving\n");
}

TEST_F(DaemonsTest, IsReadyWhenAllProbesHoldAndNotBefore) {
  ASSERT_TRUE(place().ok());
  connect();
  const auto port = free_port();
  auto spec =
      daemon("one", {TEST_PROGRAM, "http", address_, std::to_string(port), path("go-active")});
  spec.ready = {{ProbeKind::port, address_, port, "", ""},
                {ProbeKind::http, address_, port, "/jmx?qry=x", "active"},
                {ProbeKind::file, "", 0, path("go-ready"), ""}};
  apply({spec, daemon("marks", {TEST_PROGRAM, "wait"})});
  await_daemon("one", "starting");
  ASSERT_TRUE(write_file(path("go-active"), "").ok());
  await_daemon("marks", "ready");
  EXPECT_EQ(seen_.daemons["one"].state, DaemonState::starting);
  ASSERT_TRUE(write_file(path("go-ready"), "").ok());
  await_daemon("one", "ready");
}

TEST_F(DaemonsTest, AKilledDaemonIsStartedAgain) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({server("one", free_port())});
  const auto first = await_daemon("one", "ready");
  ::kill(static_cast<pid_t>(first.pid), SIGKILL);
  ASSERT_TRUE(eventually([&] {
    return seen_.daemons["one"].state == DaemonState::ready &&
           seen_.daemons["one"].pid != first.pid;
  }));
  EXPECT_EQ(seen_.daemons["one"].restarts, 1);
  EXPECT_EQ(seen_.daemons["one"].exit_code, 128 + SIGKILL);
  EXPECT_THAT(lines_in("one.pids"), SizeIs(2));
}

TEST_F(DaemonsTest, AKilledAgentAdoptsWhatLives) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({server("one", free_port())});
  const auto before = await_daemon("one", "ready");
  acknowledge();
  const auto boot = seen_.hello.boot;
  kill_agent();
  ASSERT_TRUE(place().ok());
  connect();
  EXPECT_NE(seen_.hello.boot, boot);
  EXPECT_EQ(seen_.hello.applied_revision, 1);
  // Still watched: its end is seen and mended, though it is no child of this agent.
  ::kill(static_cast<pid_t>(before.pid), SIGKILL);
  ASSERT_TRUE(eventually([&] {
    return seen_.daemons["one"].state == DaemonState::ready &&
           seen_.daemons["one"].pid != before.pid;
  }));
  // the killed one and its successor: none was doubled
  EXPECT_THAT(lines_in("one.pids"), SizeIs(2));
}

TEST_F(DaemonsTest, AKilledAgentStartsWhatDiedMeanwhile) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({server("one", free_port())});
  const auto before = await_daemon("one", "ready");
  kill_agent();
  ::kill(static_cast<pid_t>(before.pid), SIGKILL);
  ASSERT_TRUE(place().ok());
  connect();
  ASSERT_TRUE(eventually([&] {
    return seen_.daemons["one"].state == DaemonState::ready &&
           seen_.daemons["one"].pid != before.pid;
  }));
  EXPECT_THAT(lines_in("one.pids"), SizeIs(2));
}

TEST_F(DaemonsTest, AnAgentKilledAgainAndAgainNeverDoublesADaemon) {
  ASSERT_TRUE(place().ok());
  const auto spec = server("one", free_port());
  for (int i = 0; i < 20; ++i) {
    connect();
    revision_ = 0;
    apply({spec});  // repeated, as a manager does
    if (i % 2 == 0) await_plan(1);
    kill_agent();  // anywhere between the order and the daemon's readiness
    ASSERT_TRUE(place().ok());
  }
  connect();
  await_daemon("one", "ready");
  EXPECT_THAT(lines_in("one.pids"), SizeIs(1));
}

TEST_F(DaemonsTest, UnacknowledgedReportsComeAgainWithTheirNumbers) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({daemon("one", {TEST_PROGRAM, "wait"})});
  await_daemon("one", "ready");
  const auto last = seen_.last_seq;
  kill_agent();
  ASSERT_TRUE(place().ok());
  seen_ = {};
  connect();
  ASSERT_TRUE(eventually([&] { return seen_.plan && seen_.daemons.contains("one"); }));
  EXPECT_THAT(seen_.seqs, testing::Contains(testing::Le(last)));  // the plan's answer, as it was
  acknowledge();
  apply({});
  ASSERT_TRUE(eventually([&] { return seen_.daemons.empty() && seen_.last_seq > last; }));
}

TEST_F(DaemonsTest, AFailureSaysWhoHowAndTheLastLines) {
  ASSERT_TRUE(place().ok());
  connect();
  auto spec = daemon("namenode", {TEST_PROGRAM, "fail", "3", "the disk is on fire"});
  spec.max_restarts = 1;
  apply({spec});
  const auto failed = await_daemon("namenode", "failed");
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(failed.message, HasSubstr("node " + node_.text + ": namenode: exit code 3 after 0."));
  EXPECT_THAT(failed.message, HasSubstr("its end number 2"));
  EXPECT_THAT(failed.message, HasSubstr(TEST_PROGRAM));
  EXPECT_THAT(failed.message, HasSubstr(":\nthe disk is on fire"));
}

TEST_F(DaemonsTest, AProgramThatIsNotThereFailsAtOnce) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({daemon("one", {"/no/such/java"})});
  EXPECT_THAT(await_daemon("one", "failed").message, HasSubstr("/no/such/java"));
}

TEST_F(DaemonsTest, NotReadyInTimeIsFailedAndGone) {
  ASSERT_TRUE(place().ok());
  connect();
  auto spec = daemon("one", {TEST_PROGRAM, "ignore-term"});
  spec.ready = server("one", free_port()).ready;  // nobody listens there
  spec.ready_timeout_ms = Millis{200};
  apply({spec});
  const auto starting = await_daemon("one", "starting");
  const auto failed = await_daemon("one", "failed");
  EXPECT_THAT(failed.message, HasSubstr("not ready within 0.2 s"));
  EXPECT_NE(::kill(static_cast<pid_t>(starting.pid), 0), 0);
}

TEST_F(DaemonsTest, AnotherPlanChangesOnlyWhatDiffers) {
  ASSERT_TRUE(place().ok());
  connect();
  const auto kept = server("kept", free_port());
  auto changed = server("changed", free_port());
  auto removed = daemon("removed", {TEST_PROGRAM, "ignore-term"});
  removed.stop_grace_ms = Millis{100};
  apply({kept, changed, removed});
  const auto kept_pid = await_daemon("kept", "ready").pid;
  const auto changed_pid = await_daemon("changed", "ready").pid;
  const auto removed_pid = static_cast<pid_t>(await_daemon("removed", "ready").pid);

  changed.env["COLOUR"] = "green";
  changed.stop_grace_ms = Millis{100};
  apply({kept, changed, daemon("added", {TEST_PROGRAM, "wait"})}, {{path("hosts"), "new", 0644}});
  await_daemon("added", "ready");
  ASSERT_TRUE(eventually([&] {
    return seen_.daemons["changed"].state == DaemonState::ready &&
           seen_.daemons["changed"].pid != changed_pid;
  }));
  EXPECT_EQ(seen_.daemons["kept"].pid, kept_pid);
  EXPECT_THAT(lines_in("kept.pids"), SizeIs(1));
  EXPECT_EQ(*read_file(path("hosts")), "new");
  // It ignores SIGTERM, so it goes by SIGKILL when its grace is over.
  ASSERT_TRUE(eventually([&] { return !seen_.daemons.contains("removed"); }));
  EXPECT_NE(::kill(removed_pid, 0), 0);
}

TEST_F(DaemonsTest, PlansAreRefusedWholeWithAReason) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({daemon("one", {TEST_PROGRAM, "wait"})},
        {{path("good"), "x", 0644}, {"/etc/evil", "x", 0644}});
  await_plan(1);
  EXPECT_THAT(seen_.plan->error, HasSubstr("/etc/evil"));
  EXPECT_FALSE(fs::exists(path("good")));
  EXPECT_TRUE(seen_.daemons.empty());

  revision_ = 4;
  apply({});
  await_plan(5);
  revision_ = 2;
  apply({});
  await_plan(3);
  EXPECT_THAT(seen_.plan->error, HasSubstr("older"));
}

TEST_F(DaemonsTest, ADaemonHasExactlyItsEnvironmentAndTheMarks) {
  ASSERT_TRUE(place().ok());
  connect();
  auto spec = daemon("one", {"/usr/bin/env"});
  spec.env = {{"A", "b c"}};
  spec.max_restarts = 0;
  apply({spec});
  await_daemon("one", "failed");
  EXPECT_EQ(*read_file(path("one.log")),
            fmt::format("A=b c\nBDAAS_DIR={}\nBDAAS_LEASE={}\nBDAAS_NODE={}\n", dir_, lease_.text,
                        node_.text));
}

// ---- initialization ----

class InitOnceTest : public NodeTest {
 protected:
  // A daemon that wants `formatted` made before; the maker waits until somebody opens its fifo.
  DaemonSpec formatted(bool waits) {
    auto spec = daemon("one", {TEST_PROGRAM, "wait"});
    spec.init_once = InitOnce{"one.formatted", {TEST_PROGRAM, "create", path("data")}};
    if (waits) {
      spec.init_once->argv.push_back(path("gate"));
      EXPECT_EQ(::mkfifo(path("gate").c_str(), 0600), 0);
    }
    return spec;
  }
  void open_gate() { std::ofstream(path("gate")) << "x"; }
};

TEST_F(InitOnceTest, RunsOnceAndThenNeverAgain) {
  ASSERT_TRUE(place().ok());
  connect();
  auto spec = formatted(false);
  apply({spec});
  await_daemon("one", "ready");
  EXPECT_TRUE(fs::exists(path("one.formatted")));
  spec.env["X"] = "y";
  apply({spec});  // begun anew; a second `create` would refuse and fail it
  await_plan(2);
  await_daemon("one", "ready");
}

TEST_F(InitOnceTest, TheAgentsDeathDoesNotPartItFromItsRecord) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({formatted(true)});
  await_daemon("one", "initializing");
  ASSERT_TRUE(eventually([&] { return fs::exists(path("data")); }));
  kill_agent();
  open_gate();  // it ends well while no agent lives
  ASSERT_TRUE(eventually([&] { return fs::exists(path("one.formatted")); }));
  ASSERT_TRUE(place().ok());
  connect();
  await_daemon("one", "ready");
}

TEST_F(InitOnceTest, AnAgentThatComesBackWaitsForIt) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({formatted(true)});
  await_daemon("one", "initializing");
  for (int i = 0; i < 3; ++i) {
    kill_agent();
    ASSERT_TRUE(place().ok());
  }
  connect();
  open_gate();
  await_daemon("one", "ready");
}

TEST_F(InitOnceTest, AnUnknownOutcomeThatRefusesFailsAndLosesNothing) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({formatted(true)});
  await_daemon("one", "initializing");
  ASSERT_TRUE(eventually([&] { return fs::exists(path("data")); }));
  for (const auto pid : processes_of(lease_)) ::kill(pid, SIGKILL);  // as a power failure
  ASSERT_TRUE(eventually([&] { return processes_of(lease_).empty(); }));
  ASSERT_TRUE(place().ok());
  connect();
  const auto failed = await_daemon("one", "failed");
  EXPECT_THAT(failed.message, HasSubstr("outcome is unknown"));
  EXPECT_THAT(failed.message, HasSubstr("File exists"));
  EXPECT_TRUE(fs::exists(path("data")));
  EXPECT_FALSE(fs::exists(path("one.formatted")));
}

}  // namespace
}  // namespace bdaas
