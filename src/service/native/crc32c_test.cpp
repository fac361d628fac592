#include "service/native/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace bdaas {
namespace {

TEST(Crc32c, KnownValues) {
  std::string rising(32, '\0');
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<char>(i);
  const std::string falling(rising.rbegin(), rising.rend());
  const std::pair<std::string, std::uint32_t> known[] = {
      {"", 0},
      {"123456789", 0xE306'9283},            // the check value of the catalogues
      {std::string(32, '\0'), 0x8A91'36AA},  // RFC 3720, B.4, this and the following
      {std::string(32, '\xFF'), 0x62A8'AB43},
      {rising, 0x46DD'794E},
      {falling, 0x113F'DB5C},
  };
  for (const auto& [bytes, value] : known) {
    EXPECT_EQ(crc32c(bytes), value);
    EXPECT_EQ(crc32c_by_table(bytes), value);
  }
}

TEST(Crc32c, BothWaysAgreeForEveryLengthAndPlace) {
  std::mt19937 random(3);
  std::string bytes(700, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t begin = 0; begin < 8; ++begin) {
    for (std::size_t size = 0; size + begin <= bytes.size(); ++size) {
      const auto part = std::string_view(bytes).substr(begin, size);
      ASSERT_EQ(crc32c(part), crc32c_by_table(part)) << begin << " " << size;
    }
  }
}

}  // namespace
}  // namespace bdaas
