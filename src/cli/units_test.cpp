#include "cli/units.h"

#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("90s").value(), Millis{90'000});
  EXPECT_EQ(parse_duration("10m").value(), Millis{600'000});
  EXPECT_EQ(parse_duration("10min").value(), Millis{600'000});
  EXPECT_EQ(parse_duration("1h30m").value(), Millis{5'400'000});
  EXPECT_EQ(parse_duration("1.5h").value(), Millis{5'400'000});
  EXPECT_EQ(parse_duration("500ms").value(), Millis{500});
  EXPECT_EQ(parse_duration("2D").value(), Millis{172'800'000});
}

TEST(Units, RefusesDurations) {
  for (const auto* bad : {"", "10", "m", "-5s", "0s", "10 m", "1h-3m", "1x", "5s5", "inf", "nans",
                          "1e3s", "99999999999999d"}) {
    const auto parsed = parse_duration(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
    EXPECT_NE(parsed.error().message.find("1h30m"), std::string::npos);
  }
}

TEST(Units, Memory) {
  EXPECT_EQ(parse_memory_mib("6g").value(), 6144);
  EXPECT_EQ(parse_memory_mib("6GiB").value(), 6144);
  EXPECT_EQ(parse_memory_mib("1.5G").value(), 1536);
  EXPECT_EQ(parse_memory_mib("512m").value(), 512);
  EXPECT_EQ(parse_memory_mib("1t").value(), 1 << 20);
  for (const auto* bad : {"", "6", "g", "0g", "-1g", "6k", "6g6g", "6 g", "0.0001m"}) {
    EXPECT_FALSE(parse_memory_mib(bad).ok()) << bad;
  }
}

TEST(Units, Integers) {
  EXPECT_EQ(parse_integer("1", 1, 1000).value(), 1);
  EXPECT_EQ(parse_integer("1000", 1, 1000).value(), 1000);
  for (const auto* bad : {"", "0", "1001", "x", "3x", "3.0", "99999999999999999999", "+3"}) {
    const auto parsed = parse_integer(bad, 1, 1000);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_NE(parsed.error().message.find("from 1 to 1000"), std::string::npos);
  }
}

TEST(Units, BytesForPeople) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(3ll << 30), "3.0 GiB");
}

TEST(Units, AgesForPeople) {
  EXPECT_EQ(human_age(Millis{-5}), "0 s");
  EXPECT_EQ(human_age(Millis{119'000}), "119 s");
  EXPECT_EQ(human_age(Millis{120'000}), "2 min");
  EXPECT_EQ(human_age(std::chrono::hours(3)), "3 h");
  EXPECT_EQ(human_age(std::chrono::hours(49)), "2 d");
}

}  // namespace
}  // namespace bdaas::cli
