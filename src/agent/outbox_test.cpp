#include "agent/outbox.h"

#include <gmock/gmock.h>

#include "agent/test_dir.h"

namespace bdaas {
namespace {

StepProcess process(std::string step) {
  StepProcess report;
  report.step = StepId{std::move(step)};
  return report;
}

std::vector<std::int64_t> numbers(const Outbox& outbox) {
  std::vector<std::int64_t> numbers;
  for (const auto& entry : outbox.entries()) numbers.push_back(entry.seq);
  return numbers;
}

TEST(Outbox, KeepsUntilAcknowledged) {
  const TestDir dir;
  auto store = StateStore::open(dir.path(), "b");
  Outbox outbox(*store);
  outbox.add(process("s-1"));
  outbox.add(process("s-2"));
  outbox.add(LeaseRenewed{});
  EXPECT_THAT(numbers(outbox), testing::ElementsAre(1, 2, 3));
  outbox.acknowledge(2);
  EXPECT_THAT(numbers(outbox), testing::ElementsAre(3));
  outbox.acknowledge(1);
  EXPECT_THAT(numbers(outbox), testing::ElementsAre(3));
}

TEST(Outbox, OnlyTheNewestOfOneSubject) {
  const TestDir dir;
  auto store = StateStore::open(dir.path(), "b");
  Outbox outbox(*store);
  for (int i = 0; i < 100; ++i) outbox.add(DaemonsReport{});
  outbox.add(process("s-1"));
  for (int i = 0; i < 100; ++i) outbox.add(PlanApplied{});
  EXPECT_THAT(numbers(outbox), testing::ElementsAre(100, 101, 201));
}

// As on a full disk.
TEST(Outbox, WhatCouldNotBeSavedIsNotToBeSent) {
  const TestDir dir;
  auto store = StateStore::open(dir.path(), "b");
  Outbox outbox(*store);
  outbox.add(process("s-1"));
  EXPECT_TRUE(outbox.saved().empty());
  ASSERT_TRUE(store->save().ok());
  EXPECT_EQ(outbox.saved().size(), 1u);
  ASSERT_TRUE(remove_tree(dir.path("agent-state.json")).ok());
  ASSERT_TRUE(make_directory(dir.path("agent-state.json/in-the-way")).ok());
  outbox.add(process("s-2"));
  EXPECT_FALSE(store->save_if_marked().ok());
  ASSERT_EQ(outbox.saved().size(), 1u);
  EXPECT_EQ(outbox.saved().front().seq, 1);
  ASSERT_TRUE(remove_tree(dir.path("agent-state.json")).ok());
  ASSERT_TRUE(store->save_if_marked().ok());
  EXPECT_EQ(outbox.saved().size(), 2u);
}

TEST(Outbox, OutlivesItsAgentAndNumbersGoOn) {
  const TestDir dir;
  {
    auto store = StateStore::open(dir.path(), "b");
    Outbox outbox(*store);
    outbox.add(process("s-1"));
    outbox.add(process("s-2"));
    outbox.acknowledge(1);
    ASSERT_TRUE(store->save().ok());
  }
  auto store = StateStore::open(dir.path(), "b");
  Outbox outbox(*store);
  ASSERT_THAT(numbers(outbox), testing::ElementsAre(2));
  outbox.add(process("s-2"));
  EXPECT_THAT(numbers(outbox), testing::ElementsAre(3));
}

TEST(AgentState, AfterARebootNoProcessIsBelieved) {
  AgentState state;
  state.boot = "b1";
  state.last_seq = 7;
  DaemonRecord daemon;
  daemon.state = DaemonState::ready;
  daemon.process = ProcessId{12, 34};
  daemon.ends = {Millis{1}};
  state.daemons = {daemon};
  StepRecord step;
  step.process = ProcessId{13, 35};
  state.steps = {step};

  const auto same = carried_into(state, "b1");
  EXPECT_EQ(same.daemons[0].process, daemon.process);
  const auto other = carried_into(state, "b2");
  EXPECT_EQ(other.daemons[0].state, DaemonState::waiting);
  EXPECT_FALSE(other.daemons[0].process);
  EXPECT_TRUE(other.daemons[0].ends.empty());
  EXPECT_FALSE(other.steps[0].process);
  EXPECT_EQ(other.last_seq, 7);
}

TEST(StateStore, ASpoiledFileIsSaidNotGuessed) {
  const TestDir dir;
  ASSERT_TRUE(write_file(dir.path("agent-state.json"), "{\"boot\":").ok());
  const auto store = StateStore::open(dir.path(), "b");
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, testing::HasSubstr("agent-state.json"));
}

}  // namespace
}  // namespace bdaas
