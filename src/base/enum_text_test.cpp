#include "base/enum_text.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

enum class Fruit { apple, pear };
constexpr auto enum_table(Fruit) {
  return enum_rows<Fruit>({{Fruit::apple, "apple"}, {Fruit::pear, "pear"}});
}
enum class Plain { without_table };

static_assert(TextEnum<Fruit>);
static_assert(!TextEnum<Plain>);
static_assert(!TextEnum<int>);
static_assert(to_text(Fruit::pear) == "pear");  // usable at compile time

TEST(EnumText, BothWays) {
  EXPECT_EQ(to_text(Fruit::apple), "apple");
  EXPECT_EQ(from_text<Fruit>("pear"), Fruit::pear);
  EXPECT_EQ(from_text<Fruit>("Pear"), std::nullopt);
  EXPECT_EQ(from_text<Fruit>(""), std::nullopt);
}

}  // namespace
}  // namespace bdaas
