#include "base/clock.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

Time at(long long ms) { return Time{Millis{ms}}; }

TEST(Rfc3339, BothWays) {
  const std::pair<long long, std::string_view> pairs[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {951'782'400'007, "2000-02-29T00:00:00.007Z"},
      {1'769'846'400'000, "2026-01-31T08:00:00.000Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"}};
  for (const auto& [ms, text] : pairs) {
    EXPECT_EQ(to_rfc3339(at(ms)), text);
    ASSERT_TRUE(from_rfc3339(text).ok()) << text;
    EXPECT_EQ(from_rfc3339(text).value(), at(ms)) << text;
  }
}

TEST(Rfc3339, RefusesOtherWritings) {
  for (const std::string_view text :
       {"", "now", "2026-01-31", "2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000",
        "2026-01-31T08:00:00.000+", "2026-01-31T08:00:00.000ZZ", "2026-13-31T08:00:00.000Z",
        "2026-02-30T08:00:00.000Z", "2026-01-31T24:00:00.000Z", "2026-01-31T08:60:00.000Z",
        "2026-01-31T08:00:00.-01Z", "  26-01-31T08:00:00.000Z", "2026- 1-31T08:00:00.000Z"}) {
    EXPECT_FALSE(from_rfc3339(text).ok()) << text;
  }
}

TEST(HumanDuration, ReadsAsPeopleSayIt) {
  EXPECT_EQ(human_duration(Millis(400)), "0.4 s");
  EXPECT_EQ(human_duration(Millis(12'345)), "12.3 s");
  EXPECT_EQ(human_duration(Millis(125'000)), "2 min 05 s");
  EXPECT_EQ(human_duration(Millis(3'725'000)), "1 h 02 min");
}

TEST(Clocks, FakeStandsStillAndSystemDoesNotGoBack) {
  FakeClock fake(at(1000));
  EXPECT_EQ(fake.now(), at(1000));
  fake.advance(Millis(5));
  EXPECT_EQ(fake.now(), at(1005));
  fake.set(at(7));
  EXPECT_EQ(fake.now(), at(7));
  EXPECT_GT(SystemClock().now(), at(1'700'000'000'000));
}

}  // namespace
}  // namespace bdaas
