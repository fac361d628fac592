#include "control/offer_fit.h"

#include "control/plain_engine.h"
#include "control/test_world.h"

namespace bdaas {
namespace {

// Needs 1,000 MiB a worker.
class NeedyEngine final : public PlainEngine {
 public:
  Result<MemoryPlan> fit(const ClusterSpec& spec, const Room& room) const override {
    const std::int64_t nodes = room.per_machine ? 1 : spec.workers;
    if (room.memory_mib < 1'000 * nodes) {
      return fail(ErrorKind::resource_exhausted, "{} MiB are too little", room.memory_mib);
    }
    MemoryPlan plan;
    plan.node_memory_mib = room.memory_mib / nodes;
    plan.node_cores = room.cores;
    return plan;
  }
};

Offer offer(std::int64_t free_mib, std::int64_t total_mib) {
  return {.name = "m", .memory_mib = free_mib, .cores = 2, .memory_total_mib = total_mib};
}

std::int64_t given(std::int64_t wanted_mib, const Offer& from, std::int64_t workers = 1) {
  ClusterSpec spec;
  spec.workers = workers;
  spec.memory_mib = wanted_mib;
  const auto plan = fit_offer(NeedyEngine(), spec, from);
  return plan ? plan->node_memory_mib * workers : -1;
}

TEST(OfferFit, TakesHalfUnlessMoreIsSaidOrNeeded) {
  EXPECT_EQ(given(0, offer(8'000, 0)), 4'000);
  EXPECT_EQ(given(0, offer(1'500, 0)), 1'500);
  EXPECT_EQ(given(0, offer(900, 0)), -1);
  EXPECT_EQ(given(7'000, offer(8'000, 0)), 7'000);
  EXPECT_EQ(given(9'000, offer(8'000, 0)), -1);
}

TEST(OfferFit, MachinesOfTheirOwnAreTakenWhole) {
  Offer from = offer(4'000, 0);
  from.per_machine = true;
  EXPECT_EQ(given(0, from, 3), 3 * 4'000);
  EXPECT_EQ(given(8'000, from, 3), 3 * 2'000) << "shared among the master and three workers";
  EXPECT_EQ(given(16'001, from, 3), -1) << "more than all have";
  EXPECT_TRUE(fit_growth(Cluster{}, 100, from).ok()) << "each brings its own";
}

TEST(OfferFit, WhatWasPromisedIsNotOfferedAgain) {
  EXPECT_EQ(remaining(offer(8'000, 10'000), {}).memory_mib, 8'000);
  EXPECT_EQ(remaining(offer(8'000, 10'000), {5'000, 0}).memory_mib, 5'000);
  EXPECT_EQ(remaining(offer(8'000, 10'000), {12'000, 0}).memory_mib, 0);
  EXPECT_EQ(remaining(offer(8'000, 0), {12'000, 12'000}).memory_mib, 8'000)
      << "each node has its own";
}

TEST(OfferFit, WhatAClusterThatStartsWillTakeIsNotFree) {
  EXPECT_EQ(remaining(offer(6'000, 10'000), {4'000, 4'000}).memory_mib, 2'000);
  EXPECT_EQ(remaining(offer(6'000, 10'000), {8'000, 8'000}).memory_mib, 0);
}

TEST(OfferFit, OfTwoPlansMadeAtOnceTheSecondHasToFitBesideTheFirst) {
  MemoryPlan plan;
  plan.shared_mib = 1'000;
  plan.worker_mib = 1'000;
  const PlannedIn room{true, 6'000, 500};
  EXPECT_TRUE(still_fits(room, plan, 2, {500, 0}));
  EXPECT_TRUE(still_fits(room, plan, 2, {3'500, 0}));
  const auto refused = still_fits(room, plan, 2, {3'501, 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable) << "so that a new plan is made";
  EXPECT_TRUE(still_fits(room, plan, 5, {0, 0})) << "what has ended since is not counted";
  EXPECT_TRUE(still_fits({false, 0, 0}, plan, 2, {9'000, 0})) << "each node has its own";
}

TEST(OfferFit, AClusterGrowsByWorkersLikeThoseItHas) {
  Cluster cluster;
  cluster.id = ClusterId{"c-test"};
  cluster.spec.workers = 2;
  cluster.memory.shared_mib = 900;
  cluster.memory.worker_mib = 3'000;
  EXPECT_TRUE(fit_growth(cluster, 3, offer(3'000, 0)).ok());
  const auto refused = fit_growth(cluster, 4, offer(5'000, 0));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::resource_exhausted);
  EXPECT_NE(refused.error().message.find("6000 MiB more"), std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find("5000 MiB are free"), std::string::npos);
}

TEST(OfferFit, CountsThePromisesOfLivingClustersOfThatProvider) {
  TestWorld test;
  const auto id = test.add_cluster(ClusterState::running, 2, LeaseState::ready);
  test.edit_cluster([](Cluster& cluster) {
    cluster.spec.provider = "local";
    cluster.memory.shared_mib = 700;
    cluster.memory.worker_mib = 1'000;
  });
  EXPECT_EQ(promises_of(test.rows, "local", ClusterId{}).mib, 2'700);
  EXPECT_EQ(promises_of(test.rows, "local", ClusterId{}).unused_mib, 0) << "it runs";
  EXPECT_EQ(promises_of(test.rows, "local", id).mib, 0);
  EXPECT_EQ(promises_of(test.rows, "fake", ClusterId{}).mib, 0);
}

}  // namespace
}  // namespace bdaas
