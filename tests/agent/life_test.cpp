// An agent's own life: placed once, talked to by its own user, gone with everything when its lease
// is over.

#include <signal.h>
#include <sys/socket.h>

#include "agent/instant.h"
#include "agent/node_fixture.h"
#include "base/subprocess.h"
#include "base/tcp_bind.h"
#include "model/local_claim.h"

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LifeTest : public NodeTest {
 protected:
  void expect_nothing_left() {
    EXPECT_TRUE(eventually([&] { return !fs::exists(dir_); }));
    EXPECT_TRUE(eventually([&] { return processes_of(lease_).empty(); }));
  }
};

TEST_F(LifeTest, PlacingTwiceIsOneAgent) {
  ASSERT_TRUE(place().ok());
  const auto pid = agent_pid();
  ASSERT_TRUE(place().ok());
  EXPECT_EQ(agent_pid(), pid);
  EXPECT_THAT(processes_of(lease_), SizeIs(1));
  EXPECT_EQ(fs::status(path("agent.json")).permissions(), fs::perms(0600));
}

TEST_F(LifeTest, AnotherLeaseIsRefused) {
  ASSERT_TRUE(place().ok());
  auto other = config();
  other.lease = LeaseId{"l-other"};
  const auto placed = placer_.place(machine_, other);
  ASSERT_FALSE(placed.ok());
  EXPECT_EQ(placed.error().kind, ErrorKind::conflict);
}

TEST_F(LifeTest, WhatCannotStartSaysWhy) {
  auto wrong = config();
  wrong.on_expiry = OnExpiry::power_off;
  const auto placed = placer_.place(machine_, wrong);
  ASSERT_FALSE(placed.ok());
  EXPECT_THAT(placed.error().message, HasSubstr("power"));
  const auto absent = LocalPlacer("/no/such/agent").place(machine_, config());
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().message, HasSubstr("/no/such/agent"));
}

TEST_F(LifeTest, HoldsItsAddress) {
  ASSERT_TRUE(place().ok());
  EXPECT_FALSE(bind_tcp(address_, kLocalClaimPort).ok());
  kill_agent();
  // By another installation; a sanitizer's thread may hold it a moment longer than the agent's.
  UniqueFd taken;
  ASSERT_TRUE(eventually([&] {
    auto bound = bind_tcp(address_, kLocalClaimPort);
    if (bound) taken = *std::move(bound);
    return taken.valid();
  }));
  const auto placed = place();
  ASSERT_FALSE(placed.ok());
  EXPECT_THAT(placed.error().message, HasSubstr(address_));
}

TEST_F(LifeTest, BadPeersDoNotDisturbIt) {
  ASSERT_TRUE(place().ok());
  connect();
  send(RenewLease{SystemClock().now() + std::chrono::hours(1)});
  // It gave an order, so it is known as a manager's link.
  ASSERT_TRUE(eventually([&] { return seen_.renewed.has_value(); }));
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 100; ++i) {
    auto peer = connect_agent(dir_);
    ASSERT_TRUE(peer.ok());
    const std::string_view bad = i % 2 == 0 ? "{\"type\":\"apply_plan\"}\n" : "half a message";
    ::send(peer->get(), bad.data(), bad.size(), MSG_NOSIGNAL);
    silent.push_back(std::move(*peer));
  }
  EXPECT_TRUE(ask_agent(dir_, Millis{10'000}).ok());
  apply({daemon("one", {TEST_PROGRAM, "wait"})});
  await_daemon("one", "ready");
  EXPECT_EQ(seen_.downs, 0);
}

TEST_F(LifeTest, ShutDownLeavesNothing) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({server("one", free_port()), daemon("two", {TEST_PROGRAM, "ignore-term"}),
         daemon("three", {TEST_PROGRAM, "daemonize", path("grandchild"), "wait"})});
  await_daemon("one", "ready");
  await_daemon("two", "ready");
  ASSERT_TRUE(eventually([&] { return lines_in("grandchild").size() == 1; }));
  RunStep step;
  step.run.step = StepId{fmt::format("s-{}", ::getpid())};
  step.run.argv = {TEST_PROGRAM, "ignore-term"};
  send(step);
  ASSERT_TRUE(eventually([&] { return !seen_.processes[step.run.step].empty(); }));
  const auto begin = std::chrono::steady_clock::now();
  send(ShutDown{});
  expect_nothing_left();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(LifeTest, AGrandchildOfADeadAgentIsFoundToo) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({daemon("one", {TEST_PROGRAM, "daemonize", path("grandchild"), "wait"})});
  ASSERT_TRUE(eventually([&] { return lines_in("grandchild").size() == 1; }));
  kill_agent();  // its orphans belong to nobody now
  ASSERT_TRUE(place().ok());
  connect();
  send(ShutDown{});
  expect_nothing_left();
}

TEST_F(LifeTest, AnOldLeaseEndsEverything) {
  const auto unchanged = config();
  ASSERT_TRUE(placer_.place(machine_, unchanged).ok());
  connect();
  apply({server("one", free_port()), daemon("two", {TEST_PROGRAM, "wait"})});
  await_daemon("one", "ready");
  await_daemon("two", "ready");
  kill_agent();
  // As if its two minutes were nearly over.
  auto state = parse_json(*read_file(path("agent-state.json")));
  const auto soon = BootClock::now().time_since_epoch() + Millis{300};
  state->get_object()["lease"].get_object()["boot_deadline_ms"] = soon.count();
  ASSERT_TRUE(write_file(path("agent-state.json"), write_json(*state)).ok());
  ASSERT_TRUE(placer_.place(machine_, unchanged).ok());
  expect_nothing_left();
}

TEST_F(LifeTest, ARenewedLeaseGoesOnAndNeverBack) {
  ASSERT_TRUE(place().ok());
  connect();
  const auto until = SystemClock().now() + std::chrono::hours(1);
  send(RenewLease{until});
  ASSERT_TRUE(eventually([&] { return seen_.renewed && seen_.renewed->expires_at == until; }));
  const auto answered = seen_.renewed->seq;
  send(RenewLease{until - Millis{30'000}});
  ASSERT_TRUE(eventually([&] { return seen_.renewed->seq > answered; }));
  EXPECT_EQ(seen_.renewed->expires_at, until);
  kill_agent();
  ASSERT_TRUE(place().ok());  // what was renewed stays, though agent.json says less
  connect();
  EXPECT_EQ(seen_.hello.expires_at, until);
}

// Its state stands for a full disk: as long as it cannot be saved, no number is given away.
TEST_F(LifeTest, WhatItCannotSaveItDoesNotSend) {
  ASSERT_TRUE(place().ok());
  connect();
  const fs::path state = path("agent-state.json");
  ASSERT_TRUE(eventually([&] {  // it may save once more in between
    return remove_tree(state).ok() && make_directory(state / "in-the-way").ok() &&
           fs::is_directory(state);
  }));
  send(RenewLease{SystemClock().now() + std::chrono::hours(1)});
  ASSERT_TRUE(eventually([&] {
    return read_file(path("agent.log")).value_or("").find("Is a directory") != std::string::npos;
  }));
  EXPECT_FALSE(seen_.renewed);
  ASSERT_TRUE(remove_tree(state).ok());
  EXPECT_TRUE(eventually([&] { return seen_.renewed.has_value(); }));
}

TEST_F(LifeTest, TermEndsTheAgentAlone) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({server("one", free_port())});
  await_daemon("one", "ready");
  const auto agent = agent_pid();
  ::kill(agent, SIGTERM);
  ASSERT_TRUE(eventually([&] { return agent_pid() == 0; }));
  EXPECT_THAT(processes_of(lease_), SizeIs(1));  // the daemon
  ASSERT_TRUE(place().ok());
  connect();
  await_daemon("one", "ready");
  EXPECT_THAT(lines_in("one.pids"), SizeIs(1));
}

TEST_F(LifeTest, IsSmall) {
  ASSERT_TRUE(place().ok());
  connect();
  apply({daemon("one", {TEST_PROGRAM, "wait"})});
  await_daemon("one", "ready");
#ifndef BDAAS_SANITIZED
  const auto status = *read_file(fmt::format("/proc/{}/status", agent_pid()));
  const auto at = status.find("VmRSS:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(std::atol(status.c_str() + at + 6), 10 * 1024);
#endif
}

}  // namespace
}  // namespace bdaas
