#include <gtest/gtest.h>

#include "transport/fake/fake_links.h"

namespace bdaas {
namespace {

TEST(FakeLinks, APlacedAgentSaysHelloAndAppliesItsPlan) {
  FakeClock clock;
  SystemEntropy entropy;
  FakeLinks links(clock, entropy, LinkFaults{});
  AgentConfig config;
  config.node = NodeId{"n-1"};
  config.expires_at = clock.now() + Millis{60'000};
  ASSERT_TRUE(links.place(Machine{"m-1"}, config).ok());
  links.open(config.node, Machine{"m-1"});
  clock.advance(Millis{100});
  links.advance();
  const auto first = links.drain();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<LinkUp>(first[0]));
  NodePlan plan;
  plan.revision = 1;
  ASSERT_TRUE(links.send(config.node, ApplyPlan{plan}));
  for (int i = 0; i < 3; ++i) {
    clock.advance(Millis{100});
    links.advance();
  }
  EXPECT_FALSE(links.drain().empty());
}

TEST(FakeLinks, AnAgentWhoseLeaseRunsOutEndsByItself) {
  FakeClock clock;
  SystemEntropy entropy;
  FakeLinks links(clock, entropy, LinkFaults{});
  AgentConfig config;
  config.node = NodeId{"n-1"};
  config.expires_at = clock.now() + Millis{1'000};
  ASSERT_TRUE(links.place(Machine{"m-1"}, config).ok());
  EXPECT_EQ(links.living_agents(), 1);
  clock.advance(Millis{1'000});
  links.advance();
  EXPECT_EQ(links.living_agents(), 0);
  EXPECT_EQ(links.ended_by_themselves(), 1);
}

// Lets time pass until the links have nothing more to do, and gives what arrived.
std::vector<LinkEvent> settle(FakeClock& clock, FakeLinks& links) {
  std::vector<LinkEvent> events;
  for (int i = 0; i < 100; ++i) {
    clock.advance(Millis{50});
    links.advance();
    for (auto& event : links.drain()) events.push_back(std::move(event));
  }
  return events;
}

struct OneAgent {
  explicit OneAgent(LinkFaults faults = {}) : links(clock, entropy, faults) {
    config.node = NodeId{"n-1"};
    config.expires_at = clock.now() + Millis{3'600'000};
    EXPECT_TRUE(links.place(Machine{"m-1"}, config).ok());
    links.open(config.node, Machine{"m-1"});
    (void)settle(clock, links);
  }
  FakeClock clock;
  SystemEntropy entropy;
  FakeLinks links;
  AgentConfig config;
};

TEST(FakeLinks, AStreamFollowedBeforeTheProgramsEndEndsWithIt) {
  OneAgent one;
  const StepId step{"s-1"};
  RunSpec run;
  run.step = step;
  ASSERT_TRUE(one.links.send(one.config.node, RunStep{run}));
  ASSERT_TRUE(one.links.send(one.config.node, RunStep{run})) << "orders may be repeated";
  ASSERT_TRUE(one.links.send(one.config.node, Follow{step, OutputStream::out, 0}));
  (void)settle(one.clock, one.links);
  ASSERT_EQ(one.links.running_steps(), std::vector<StepId>{step});
  one.links.end_step(step, 0);
  int ends = 0;
  for (const auto& event : settle(one.clock, one.links)) {
    const auto* report = std::get_if<LinkReport>(&event);
    if (report == nullptr) continue;
    if (const auto* chunk = std::get_if<OutputChunk>(&report->report)) ends += chunk->end ? 1 : 0;
  }
  EXPECT_EQ(ends, 1);
  EXPECT_TRUE(one.links.violations().empty());
}

TEST(FakeLinks, AReportThatIsLostBreaksItsConnectionAndComesAgain) {
  OneAgent one;
  std::int64_t last = 0;
  const auto take_reports = [&] {
    for (const auto& event : settle(one.clock, one.links)) {
      const auto* report = std::get_if<LinkReport>(&event);
      if (report == nullptr || seq_of(report->report) <= last) continue;
      ASSERT_EQ(seq_of(report->report), last + 1) << "one was left out";
      one.links.send(one.config.node, Ack{++last});
    }
  };
  one.links.set_faults({.drop = 300, .twice = 300});
  for (int i = 1; i <= 50; ++i) {
    one.links.send(one.config.node, RenewLease{one.clock.now() + Millis{3'600'000 + i}});
    take_reports();
  }
  one.links.set_faults({});
  one.links.close(one.config.node);
  one.links.open(one.config.node, Machine{"m-1"});
  take_reports();
  EXPECT_GT(last, 10);
}

}  // namespace
}  // namespace bdaas
