#include "control/command_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "control/plain_engine.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Fits everywhere, and listens on port 7.
class SmallEngine final : public PlainEngine {
 public:
  std::vector<std::int64_t> ports(const ClusterSpec&) const override { return {7}; }
  Result<MemoryPlan> fit(const ClusterSpec&, const Room&) const override { return MemoryPlan{}; }
};

// One machine, on which somebody else has a port.
class BusyPlace final : public Provider {
 public:
  std::string_view name() const override { return "local"; }
  Result<Machine> rent(const RentRequest&) override {
    return fail(ErrorKind::internal, "not part of this");
  }
  Result<> release(const LeaseId&) override { return {}; }
  Result<std::vector<ListedMachine>> list() override { return std::vector<ListedMachine>{}; }
  Result<std::vector<Offer>> offers(const ClusterSpec&) override {
    return std::vector<Offer>{{.name = "m", .memory_mib = 8'000, .cores = 2}};
  }
  Result<> check_ports(const ClusterSpec&, const std::vector<std::int64_t>& ports) override {
    asked = ports;
    if (busy) return fail(ErrorKind::conflict, "port 7 is held");
    return {};
  }

  std::vector<std::int64_t> asked;
  bool busy = true;
};

class NoLinks final : public NodeLinks {
 public:
  void open(const NodeId&, const Machine&) override {}
  void close(const NodeId&) override {}
  bool send(const NodeId&, const Order&) override { return false; }
  std::vector<LinkEvent> drain() override { return {}; }
  void on_event(std::function<void()>) override {}
};

class OneRelease final : public Releases {
 public:
  Result<std::vector<ReleaseStatus>> list() override {
    return std::vector<ReleaseStatus>{{.name = ClusterSpec{}.release, .present = true}};
  }
  Result<ReleaseFacts> facts(const std::string&) override { return ReleaseFacts{}; }
  Result<ReleaseFacts> fetch(const std::string&, const ReleaseProgress&,
                             const std::atomic<bool>&) override {
    return ReleaseFacts{};
  }
  Result<> verify(const std::string&) override { return {}; }
};

TEST(CommandDesk, AClusterWhosePortsSomebodyHoldsIsRefusedBeforeAnythingIsRented) {
  const auto dir = TempDir::make().value();
  const auto store = Store::open(dir.path() / "rows.db").value();
  SystemClock clock;
  SystemEntropy entropy;
  BusyPlace place;
  NoLinks links;
  OneRelease releases;
  SmallEngine engine;
  Seams seams;
  seams.providers = {{"local", &place}};
  seams.engines = {{"spark", {&engine, nullptr}}};
  seams.links = &links;
  seams.releases = &releases;
  ControlThread control(*store, std::move(seams), clock, Log(), {});
  ASSERT_TRUE(control.start().ok());
  CommandDesk desk(control, entropy);
  const auto refused = desk.create_cluster(UserId{"u-1"}, ClusterSpec{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "port 7 is held");
  EXPECT_THAT(place.asked, ElementsAre(7));
  EXPECT_THAT(store->list<Cluster>().value(), IsEmpty());
  place.busy = false;
  const auto checked = desk.check_cluster(ClusterSpec{}, 0);
  EXPECT_TRUE(checked.ok()) << checked.error().message;
}

}  // namespace
}  // namespace bdaas
