#include "agent/lease_watch.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

constexpr Time kWall{Millis{1'700'000'000'000}};

Now at(Millis since_boot, Millis wall, std::string boot = "b1") {
  return {Instant(since_boot), kWall + wall, std::move(boot)};
}

TEST(LeaseWatch, CountsFromTheBootClock) {
  const auto renewed = renew({}, kWall + Millis{60'000}, at(Millis{5'000}, Millis{0}));
  EXPECT_TRUE(renewed.changed);
  EXPECT_EQ(renewed.lease.deadline(), Instant(Millis{65'000}));
}

TEST(LeaseWatch, NeverGoesBack) {
  const auto first = renew({}, kWall + Millis{60'000}, at(Millis{0}, Millis{0})).lease;
  const auto second = renew(first, kWall + Millis{30'000}, at(Millis{1'000}, Millis{1'000}));
  EXPECT_FALSE(second.changed);
  EXPECT_EQ(second.lease.expires_at, kWall + Millis{60'000});
  EXPECT_EQ(second.lease.deadline(), Instant(Millis{60'000}));
}

TEST(LeaseWatch, AJumpOfTheWallClockDoesNotMoveTheDeadline) {
  const auto lease = renew({}, kWall + Millis{60'000}, at(Millis{0}, Millis{0})).lease;
  // The wall clock jumped a day ahead; the same renewal comes again.
  const auto again = renew(lease, kWall + Millis{60'000}, at(Millis{1'000}, Millis{86'400'000}));
  EXPECT_EQ(again.lease.deadline(), Instant(Millis{60'000}));
}

TEST(LeaseWatch, AfterARebootTheWallClockIsAskedAgain) {
  const auto lease = renew({}, kWall + Millis{60'000}, at(Millis{500'000}, Millis{0})).lease;
  const auto again = renew(lease, lease.expires_at, at(Millis{2'000}, Millis{40'000}, "b2"));
  EXPECT_TRUE(again.changed);
  EXPECT_EQ(again.lease.deadline(), Instant(Millis{22'000}));
}

TEST(LeaseWatch, ALeaseThatIsOverAlreadyIsOverAtOnce) {
  const auto lease = renew({}, kWall - Millis{1'000}, at(Millis{50'000}, Millis{0})).lease;
  EXPECT_LT(lease.deadline(), Instant(Millis{50'000}));
}

}  // namespace
}  // namespace bdaas
