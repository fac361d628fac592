#include "agent/daemon_run.h"

#include <gmock/gmock.h>

namespace bdaas {
namespace {

using Act = DaemonAct;
using State = DaemonState;

constexpr Instant kStart{Millis{1'000'000}};

// Plays one daemon's life: facts are set by the test, decisions are recorded as the supervisor
// records them.
class DaemonRunTest : public testing::Test {
 protected:
  DaemonRunTest() {
    spec.ready_timeout_ms = Millis{5'000};
    spec.max_restarts = 3;
    record.stop_grace = Millis{3'000};
  }

  DaemonDecision step(Millis later = Millis{0}) {
    now += later;
    auto decision = decide_daemon(spec, record, facts, now);
    record.state = decision.state;
    if (decision.not_before) record.not_before = decision.not_before->time_since_epoch();
    if (decision.ended) record.ends.push_back(now.time_since_epoch());
    if (decision.act == Act::start || decision.act == Act::initialize) {
      record.began = now.time_since_epoch();
      facts.alive = true;
      facts.sent = Act::none;
    } else if (decision.act != Act::none && decision.act != Act::forget) {
      facts.sent = decision.act;
    }
    return decision;
  }

  void end(std::optional<int> code) {
    facts.alive = false;
    facts.exit = code;
    facts.probes_hold = false;
  }

  DaemonSpec spec;
  DaemonRecord record;
  DaemonFacts facts;
  Instant now = kStart;
};

TEST_F(DaemonRunTest, StartsAndIsReadyWhenItsProbesHold) {
  EXPECT_EQ(step().act, Act::start);
  const auto waits = step(Millis{10});
  EXPECT_EQ(waits.state, State::starting);
  EXPECT_LE(waits.look_again, now + Millis{100});
  facts.probes_hold = true;
  EXPECT_EQ(step(Millis{10}).state, State::ready);
  EXPECT_EQ(step(Millis{10}).look_again, kNever);  // only its end matters now
}

TEST_F(DaemonRunTest, InitializesFirstAndOnlyWhenTheMarkerIsAbsent) {
  facts.initialized = false;
  EXPECT_EQ(step().act, Act::initialize);
  EXPECT_EQ(step(Millis{10}).act, Act::none);
  end(0);
  facts.initialized = true;
  EXPECT_EQ(step(Millis{10}).act, Act::start);
  EXPECT_EQ(record.state, State::starting);
}

TEST_F(DaemonRunTest, AFailedInitializationFailsTheDaemon) {
  facts.initialized = false;
  step();
  end(1);
  const auto failed = step(Millis{300});
  EXPECT_EQ(failed.state, State::failed);
  EXPECT_EQ(failed.why, "its initialization: exit code 1 after 0.3 s");
  EXPECT_EQ(step(Millis{100'000}).act, Act::none);
}

TEST_F(DaemonRunTest, AnInitializationOfUnknownOutcomeIsRunAgain) {
  facts.initialized = false;
  step();
  end(std::nullopt);  // both the agent and it were killed
  EXPECT_EQ(step(Millis{10}).act, Act::initialize);
}

TEST_F(DaemonRunTest, AnEndlessInitializationIsKilled) {
  facts.initialized = false;
  step();
  EXPECT_EQ(step(Millis{5'000}).act, Act::kill);
  EXPECT_EQ(step(Millis{1}).act, Act::none);
  end(137);
  EXPECT_EQ(step(Millis{1}).state, State::failed);
}

TEST_F(DaemonRunTest, RestartsWithBackoffThenGivesUp) {
  step();
  for (const auto wait : {Millis{200}, Millis{400}, Millis{800}}) {
    end(7);
    const auto ended = step(Millis{50});
    EXPECT_EQ(ended.state, State::restarting);
    EXPECT_EQ(ended.look_again, now + wait);
    EXPECT_EQ(step(wait - Millis{1}).act, Act::none);
    EXPECT_EQ(step(Millis{1}).act, Act::start);
  }
  end(7);
  const auto last = step(Millis{50});
  EXPECT_EQ(last.state, State::failed);
  EXPECT_EQ(last.why, "exit code 7 after 0.1 s, its end number 4 within ten minutes");
}

TEST_F(DaemonRunTest, EndsOfLongAgoAreForgotten) {
  step();
  for (int i = 0; i < 10; ++i) {
    end(7);
    EXPECT_EQ(step(Millis{50}).state, State::restarting) << i;
    EXPECT_EQ(step(Millis{200}).act, Act::start);
    step(kRestartWindow);
    facts.probes_hold = true;
    record.state = State::ready;
  }
}

TEST_F(DaemonRunTest, NoRestartsMeansNone) {
  spec.max_restarts = 0;
  step();
  end(1);
  const auto ended = step(Millis{100});
  EXPECT_EQ(ended.state, State::failed);
  EXPECT_EQ(ended.why, "exit code 1 after 0.1 s");
}

TEST_F(DaemonRunTest, NotReadyInTimeIsADumpThenAKillThenFailure) {
  step();
  EXPECT_EQ(step(Millis{5'000}).act, Act::dump_threads);
  EXPECT_EQ(step(Millis{100}).act, Act::none);
  EXPECT_EQ(step(Millis{900}).act, Act::kill);
  EXPECT_EQ(step(Millis{10}).act, Act::none);
  end(137);
  const auto failed = step(Millis{10});
  EXPECT_EQ(failed.state, State::failed);
  EXPECT_EQ(failed.why, "not ready within 5.0 s");
}

TEST_F(DaemonRunTest, ReadyDuringTheDumpIsReady) {
  step();
  step(Millis{5'000});
  facts.probes_hold = true;
  EXPECT_EQ(step(Millis{10}).state, State::ready);
}

TEST_F(DaemonRunTest, StopsByTermThenKillThenIsForgotten) {
  step();
  facts.wanted = false;
  facts.stop_began = now;
  EXPECT_EQ(step().act, Act::terminate);
  EXPECT_EQ(step(Millis{2'999}).act, Act::none);
  EXPECT_EQ(step(Millis{1}).act, Act::kill);
  EXPECT_EQ(step(Millis{1}).act, Act::none);
  end(137);
  const auto gone = step(Millis{1});
  EXPECT_EQ(gone.state, State::stopped);
  EXPECT_EQ(gone.act, Act::forget);
}

TEST_F(DaemonRunTest, WhatDoesNotRunIsForgottenAtOnce) {
  record.state = State::failed;
  facts.wanted = false;
  EXPECT_EQ(step().act, Act::forget);
}

TEST(Backoff, DoublesUpToTenSeconds) {
  EXPECT_EQ(backoff_after(0), Millis{200});
  EXPECT_EQ(backoff_after(3), Millis{1'600});
  EXPECT_EQ(backoff_after(6), Millis{10'000});
  EXPECT_EQ(backoff_after(1'000), Millis{10'000});
}

// ---- a seeded walk: whatever happens, a living process is never started over, and every state has
// a way on ----

TEST_F(DaemonRunTest, NeverStartsASecondCopy) {
  SystemEntropy entropy;
  for (int run = 0; run < 200; ++run) {
    record = DaemonRecord{};
    facts = DaemonFacts{};
    facts.initialized = run % 2 == 0;
    for (int i = 0; i < 100; ++i) {
      const bool alive = facts.alive;
      const auto decision = step(Millis{static_cast<long>(entropy.next() % 3'000)});
      if (decision.act == Act::start || decision.act == Act::initialize) {
        ASSERT_FALSE(alive);
      }
      const auto dice = entropy.next() % 10;
      if (facts.alive && dice < 2) end(dice == 0 ? std::optional<int>() : std::optional<int>(1));
      if (record.state == State::initializing && !facts.alive && facts.exit)
        facts.initialized = true;
      if (dice == 3) facts.probes_hold = true;
    }
  }
}

}  // namespace
}  // namespace bdaas
