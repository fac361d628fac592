#include "cli/text.h"

#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

TEST(Text, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("a…é"), 3u);
  EXPECT_EQ(display_width("数据"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);  // e + combining acute
  EXPECT_EQ(display_width("\xFF\xC3"), 2u);   // no UTF-8
}

TEST(Text, FitsIntoColumns) {
  EXPECT_EQ(fit_width("wordcount", 9), "wordcount");
  EXPECT_EQ(fit_width("wordcount", 5), "word…");
  EXPECT_EQ(fit_width("数据集合", 5), "数据…");
  EXPECT_EQ(fit_width("数据集合", 4), "数…");
  EXPECT_EQ(fit_width("x", 0), "");
}

TEST(Text, PadsToColumns) {
  EXPECT_EQ(pad_right("é", 3), "é  ");
  EXPECT_EQ(pad_right("long", 3), "long");
}

TEST(Text, EscapesOfStrangersDoNotReachTheTerminal) {
  EXPECT_EQ(without_controls("a\x1b[2Jb\nc\xC2\x9B"
                             "d"),
            "a [2Jb c d");
  EXPECT_EQ(without_controls("été"), "été");
}

}  // namespace
}  // namespace bdaas::cli
