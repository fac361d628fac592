#include "control/wishes.h"

#include "control/test_world.h"

namespace bdaas {
namespace {

class NoRunner final : public EffectRunner {
 public:
  void start(EffectCall) override {}
};

// Wishes against rows that a test has made: the loop reads them as a manager that starts.
class WishesTest : public testing::Test {
 protected:
  ControlLoop& loop() {
    loop_.emplace(test_.rows.store(), Seams{}, runner_, clock_, test_.settings, Log(), [] {});
    EXPECT_TRUE(loop_->recover().ok());
    return *loop_;
  }

  const UserId owner_{"u-test"};
  TestWorld test_;
  FakeClock clock_;
  NoRunner runner_;
  std::optional<ControlLoop> loop_;
};

TEST_F(WishesTest, AClusterWhoseMemoryIsBeingSharedOutIsNotResized) {
  const auto id = test_.add_cluster(ClusterState::requested, 2, LeaseState::requested);
  const auto refused = resize_cluster(loop(), owner_, id, 3);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::failed_precondition);
}

TEST_F(WishesTest, ARunningClusterIsResized) {
  const auto id = test_.add_cluster(ClusterState::running, 2, LeaseState::ready);
  const auto resized = resize_cluster(loop(), owner_, id, 3);
  ASSERT_TRUE(resized.ok()) << resized.error().message;
  EXPECT_EQ(resized->spec.workers, 3);
}

}  // namespace
}  // namespace bdaas
