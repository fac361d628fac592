#include "base/plain_sha256.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace bdaas {
namespace {

TEST(PlainSha256, SaysWhatTheOtherOneSays) {
  std::string text;
  for (int length = 0; length < 300; ++length) {
    PlainSha256 whole;
    whole.update(text);
    EXPECT_EQ(whole.hex(), sha256_hex(text)) << length;
    PlainSha256 pieces;
    pieces.update(std::string_view(text).substr(0, text.size() / 3));
    pieces.update(std::string_view(text).substr(text.size() / 3));
    EXPECT_EQ(pieces.hex(), sha256_hex(text)) << length;
    text += static_cast<char>(length * 7);
  }
}

}  // namespace
}  // namespace bdaas
