#include "base/utf8.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

TEST(Utf8, KnowsTextFromBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain text, longer than a machine word"));
  EXPECT_TRUE(is_utf8("Ἰλιάς, 𝄞 and €"));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("eight ok\xff"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_utf8("cut \xE2\x82"));
}

TEST(Utf8, RepairsOnlyWhatIsBroken) {
  EXPECT_EQ(repair_utf8("Ἰλιάς"), "Ἰλιάς");
  EXPECT_EQ(repair_utf8("a\xff"
                        "b\xE2\x82"),
            "a\uFFFDb\uFFFD\uFFFD");
  EXPECT_EQ(repair_utf8("\xff"), "\uFFFD");
  EXPECT_TRUE(is_utf8(repair_utf8("\xC3(\xF0\x9F\x98 and so on \xA0 to the end")));
}

}  // namespace
}  // namespace bdaas
