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

}  // namespace
}  // namespace bdaas
