#include "provider/fake/fake_cloud.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "provider/fake/fake_provider.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Gives the faults of a queue, then none.
class QueuedFaults final : public FaultPlan {
 public:
  Fault fault(ProviderCall, const LeaseId&) override {
    if (faults.empty()) return Fault::none;
    const Fault next = faults.front();
    faults.pop_front();
    return next;
  }
  Millis lag(ProviderCall call, const LeaseId&) override {
    return call == ProviderCall::rent ? rent_lag : release_lag;
  }

  std::deque<Fault> faults;
  Millis rent_lag{0};
  Millis release_lag{0};
};

class FakeCloudTest : public testing::Test {
 protected:
  RentRequest request(std::string token) const {
    return {.installation = {"i-1"},
            .token = {token},
            .cluster = {"c-1"},
            .host = "host-of-" + token,
            .memory_mib = 100,
            .cores = 1,
            .expires_at = clock_.now() + std::chrono::minutes(30)};
  }
  ErrorKind kind_of_rent(std::string token) {
    const auto rented = provider_.rent(request(std::move(token)));
    EXPECT_FALSE(rented.ok());
    return rented.ok() ? ErrorKind::internal : rented.error().kind;
  }
  std::size_t listed(bool terminated = false) {
    const auto machines = provider_.list().value();
    return static_cast<std::size_t>(
        std::count_if(machines.begin(), machines.end(),
                      [&](const auto& machine) { return machine.terminated == terminated; }));
  }

  FakeClock clock_;
  QueuedFaults plan_;
  FakeCloud cloud_{{.machines_max = 3, .terminated_shown = Millis(1000)}, clock_, plan_};
  FakeProvider provider_{cloud_, {"i-1"}};
  FakeProvider other_{cloud_, {"i-2"}};
};

TEST_F(FakeCloudTest, TheLedgerKeepsEveryMachine) {
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  clock_.advance(Millis(10));
  ASSERT_TRUE(provider_.release({"l-1"}).ok());
  const auto ledger = cloud_.ledger();
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(*ledger[0].terminated_at - ledger[0].rented_at, Millis(10));
  EXPECT_EQ(cloud_.living_count(), 0u);
  EXPECT_THAT(cloud_.violations(), IsEmpty());
}

TEST_F(FakeCloudTest, FaultsAreTypedAndDoNothing) {
  plan_.faults = {Fault::throttled, Fault::unavailable, Fault::no_capacity,
                  Fault::unknown_not_done};
  EXPECT_EQ(kind_of_rent("l-1"), ErrorKind::throttled);
  EXPECT_EQ(kind_of_rent("l-1"), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_rent("l-1"), ErrorKind::resource_exhausted);
  EXPECT_EQ(kind_of_rent("l-1"), ErrorKind::unknown_outcome);
  EXPECT_THAT(cloud_.ledger(), IsEmpty());
}

TEST_F(FakeCloudTest, AnUnknownOutcomeMayHaveBeenDone) {
  plan_.faults = {Fault::unknown_done};
  EXPECT_EQ(kind_of_rent("l-1"), ErrorKind::unknown_outcome);
  EXPECT_EQ(cloud_.living_count(), 1u);
  plan_.faults = {Fault::unknown_not_done};
  EXPECT_EQ(provider_.release({"l-1"}).error().kind, ErrorKind::unknown_outcome);
  EXPECT_EQ(cloud_.living_count(), 1u);
  plan_.faults = {Fault::unknown_done};
  EXPECT_EQ(provider_.release({"l-1"}).error().kind, ErrorKind::unknown_outcome);
  EXPECT_EQ(cloud_.living_count(), 0u);
  EXPECT_TRUE(provider_.release({"l-1"}).ok());
}

TEST_F(FakeCloudTest, AListFailsButIsNeverShort) {
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  for (const Fault fault : {Fault::throttled, Fault::unavailable, Fault::no_capacity,
                            Fault::unknown_done, Fault::unknown_not_done}) {
    plan_.faults = {fault};
    EXPECT_FALSE(provider_.list().ok());
    plan_.faults = {fault};
    EXPECT_FALSE(provider_.offers({}).ok());
  }
  EXPECT_EQ(listed(), 1u);
}

TEST_F(FakeCloudTest, TheListLagsAtBothEnds) {
  plan_.rent_lag = Millis(50);
  plan_.release_lag = Millis(70);
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  EXPECT_EQ(listed(), 0u);
  clock_.advance(Millis(50));
  EXPECT_EQ(listed(), 1u);
  ASSERT_TRUE(provider_.release({"l-1"}).ok());
  EXPECT_EQ(listed(), 1u);
  clock_.advance(Millis(70));
  EXPECT_EQ(listed(), 0u);
  EXPECT_EQ(listed(true), 1u) << "shown as terminated";
  clock_.advance(Millis(1000));
  EXPECT_EQ(listed(true), 0u);
}

TEST_F(FakeCloudTest, CapacityIsLimited) {
  for (const auto* token : {"l-1", "l-2", "l-3"}) ASSERT_TRUE(provider_.rent(request(token)).ok());
  EXPECT_EQ(provider_.offers({}).value().front().available, 0);
  EXPECT_EQ(kind_of_rent("l-4"), ErrorKind::resource_exhausted);
  EXPECT_TRUE(provider_.rent(request("l-3")).ok()) << "it has that one already";
  ASSERT_TRUE(provider_.release({"l-1"}).ok());
  EXPECT_TRUE(provider_.rent(request("l-4")).ok());
}

TEST_F(FakeCloudTest, AMachineMayEndByItself) {
  const auto first = provider_.rent(request("l-1")).value();
  EXPECT_TRUE(cloud_.end_by_itself({"l-1"}));
  EXPECT_FALSE(cloud_.end_by_itself({"l-1"}));
  EXPECT_FALSE(cloud_.end_by_itself({"l-9"}));
  EXPECT_EQ(cloud_.living_count(), 0u);
  const auto second = provider_.rent(request("l-1")).value();
  EXPECT_NE(first.machine_id, second.machine_id);
  EXPECT_EQ(cloud_.living().size(), 1u);
}

TEST_F(FakeCloudTest, AForeignReleaseIsAViolationAndDoesNothing) {
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  EXPECT_EQ(other_.release({"l-1"}).error().kind, ErrorKind::permission_denied);
  EXPECT_EQ(cloud_.living_count(), 1u);
  EXPECT_THAT(cloud_.violations(), ElementsAre("release of l-1 of i-1 by i-2"));
}

TEST_F(FakeCloudTest, ABlindRepeatIsAViolation) {
  for (const Fault fault : {Fault::unknown_done, Fault::unknown_not_done}) {
    plan_.faults = {fault, Fault::none, Fault::unavailable};
    const std::string token = fault == Fault::unknown_done ? "l-1" : "l-2";
    EXPECT_EQ(kind_of_rent(token), ErrorKind::unknown_outcome);
    EXPECT_TRUE(other_.list().ok()) << "says nothing to the first manager";
    EXPECT_FALSE(provider_.list().ok());
    EXPECT_TRUE(provider_.rent(request(token)).ok());
  }
  ASSERT_EQ(cloud_.violations().size(), 2u);
  EXPECT_THAT(cloud_.violations()[0], HasSubstr("without a list"));

  plan_.faults = {Fault::unknown_done};
  EXPECT_EQ(kind_of_rent("l-3"), ErrorKind::unknown_outcome);
  EXPECT_TRUE(provider_.list().ok());
  EXPECT_TRUE(provider_.rent(request("l-3")).ok());
  EXPECT_EQ(cloud_.violations().size(), 2u) << "a list came between";
}

TEST_F(FakeCloudTest, ImproperRentsAreViolationsAndGiveNoMachine) {
  std::vector<RentRequest> bad(5, request("l-1"));
  bad[0].installation = {};
  bad[1].cluster = {};
  bad[2].host = "";
  bad[3].installation = {"i-2"};
  bad[4].expires_at = clock_.now();
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const std::size_t before = cloud_.violations().size();
    EXPECT_FALSE(provider_.rent(bad[i]).ok());
    EXPECT_GT(cloud_.violations().size(), before) << i;
  }
  EXPECT_THAT(cloud_.ledger(), IsEmpty());
}

TEST_F(FakeCloudTest, ATokenIsForOneWishAndOneLife) {
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  auto changed = request("l-1");
  changed.memory_mib += 1;
  EXPECT_FALSE(provider_.rent(changed).ok());
  auto twin = request("l-2");
  twin.host = request("l-1").host;
  EXPECT_FALSE(provider_.rent(twin).ok());
  ASSERT_TRUE(provider_.release({"l-1"}).ok());
  EXPECT_FALSE(provider_.rent(request("l-1")).ok());
  EXPECT_THAT(cloud_.violations(),
              ElementsAre("rent of l-1 for two different wishes",
                          "rent of l-2: c-1 has a living machine of the name host-of-l-1",
                          "rent of l-1 after its release"));
}

}  // namespace
}  // namespace bdaas
