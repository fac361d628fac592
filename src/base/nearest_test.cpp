#include "base/nearest.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

const std::vector<std::string_view> kKnown = {"workers", "memory_mib", "comet", "idle_timeout_ms"};

TEST(Nearest, FindsTypingMistakes) {
  EXPECT_EQ(nearest("worker", kKnown), "workers");
  EXPECT_EQ(nearest("wrokers", kKnown), "workers");
  EXPECT_EQ(nearest("memory", kKnown), std::nullopt);
  EXPECT_EQ(nearest("memory_mb", kKnown), "memory_mib");
  EXPECT_EQ(nearest("idle_timeout", kKnown), "idle_timeout_ms");
  EXPECT_EQ(nearest("comet", kKnown), "comet");
}

TEST(Nearest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest("elephant", kKnown), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'w'), kKnown), std::nullopt);
}

TEST(DidYouMean, IsTheEndOfASentence) {
  EXPECT_EQ(did_you_mean("worker", kKnown), "; did you mean 'workers'?");
  EXPECT_EQ(did_you_mean("elephant", kKnown), "");
}

}  // namespace
}  // namespace bdaas
