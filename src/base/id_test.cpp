#include "base/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/json.h"

namespace bdaas {
namespace {

struct ThingTag {
  static constexpr std::string_view prefix = "th";
};
using ThingId = Id<ThingTag>;

class CountingEntropy final : public Entropy {
 public:
  unsigned long long next() override { return count_++ * 0x9E3779B97F4A7C15ull; }

 private:
  unsigned long long count_ = 1;
};

TEST(Ids, HavePrefixAndTwelveCharacters) {
  SystemEntropy entropy;
  std::set<ThingId> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = new_id<ThingId>(entropy);
    EXPECT_EQ(id.text.size(), 15u);
    EXPECT_TRUE(id.text.starts_with("th-"));
    EXPECT_TRUE(std::all_of(id.text.begin() + 3, id.text.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    })) << id.text;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Ids, AreTheSameForTheSameEntropy) {
  CountingEntropy a;
  CountingEntropy b;
  EXPECT_EQ(new_id<ThingId>(a), new_id<ThingId>(b));
  EXPECT_NE(new_id<ThingId>(a), new_id<ThingId>(a));
  EXPECT_EQ(random_text(a, 40).size(), 40u);
}

TEST(Ids, CompareHashAndTravelAsText) {
  const ThingId id{"th-1"};
  EXPECT_FALSE(id.empty());
  EXPECT_TRUE(ThingId{}.empty());
  EXPECT_TRUE((std::unordered_set<ThingId>{id}.contains(ThingId{"th-1"})));
  EXPECT_EQ(write_json(to_json(id)), "\"th-1\"");
  EXPECT_EQ(from_json<ThingId>(parse_json("\"th-1\"").value()).value(), id);
  EXPECT_FALSE(from_json<ThingId>(parse_json("1").value()).ok());
}

}  // namespace
}  // namespace bdaas
