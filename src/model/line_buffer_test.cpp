#include "model/line_buffer.h"

#include <gtest/gtest.h>

namespace bdaas {
namespace {

TEST(LineBuffer, CutsWhateverThePieces) {
  LineBuffer lines(100);
  EXPECT_TRUE(lines.append("one\ntw").ok());
  EXPECT_EQ(lines.next(), "one");
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_TRUE(lines.append("o\n\nthree").ok());
  EXPECT_EQ(lines.next(), "two");
  EXPECT_EQ(lines.next(), "");
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_TRUE(lines.append("\n").ok());
  EXPECT_EQ(lines.next(), "three");
}

TEST(LineBuffer, RefusesALineOverItsLimit) {
  LineBuffer lines(4);
  EXPECT_TRUE(lines.append("1234").ok());
  EXPECT_TRUE(lines.append("\n12").ok());
  EXPECT_EQ(lines.next(), "1234");
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_FALSE(lines.append("345").ok());
}

}  // namespace
}  // namespace bdaas
