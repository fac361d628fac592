#include "service/native/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace bdaas {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// What protoc 3.21 writes for the message that written() writes: one field of every kind.
const std::string kByProtoc = from_hex(
    "08ffffffffffffffffff01100518ffffffffffffffffff0125ffffffff29ffffffffffffffff32037800ff"
    "3a0908ac0210feffffff0f420401ac02004807488001f87f01");

std::string written() {
  WireWriter inner;
  inner.number(1, 300).signed_number(2, 2'147'483'647);
  WireWriter writer;
  writer.number(1, std::numeric_limits<std::uint64_t>::max()).signed_number(2, -3);
  writer.signed_number(3, std::numeric_limits<std::int64_t>::min());
  writer.fixed32(4, 0xFFFF'FFFF).fixed64(5, ~0ull).bytes(6, std::string_view("x\0\xFF", 3));
  writer.message(7, inner).bytes(8, std::string_view("\x01\xAC\x02\0", 4));
  writer.number(9, 7).number(9, 128).number(2047, 1);
  return writer.text();
}

TEST(Wire, WritesWhatProtocWrites) { EXPECT_EQ(written(), kByProtoc); }

TEST(Wire, ReadsWhatProtocWrote) {
  const auto read = WireMessage::read(kByProtoc);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->number(1), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read->signed_number(2), -3);
  EXPECT_EQ(read->signed_number(3), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read->number(4), 0xFFFF'FFFFu);
  EXPECT_EQ(read->number(5), ~0ull);
  EXPECT_EQ(read->bytes(6), std::string_view("x\0\xFF", 3));
  EXPECT_EQ(WireMessage::read(read->bytes(7))->number(1), 300u);
  EXPECT_EQ(WireMessage::read(read->bytes(7))->signed_number(2), 2'147'483'647);
  EXPECT_THAT(read->numbers(8), ElementsAre(1, 300, 0));
  EXPECT_THAT(read->numbers(9), ElementsAre(7, 128));
  EXPECT_EQ(read->number(9), 128u) << "the last one counts";
  EXPECT_EQ(read->number(2047), 1u);
  EXPECT_EQ(read->number(10, 42), 42u);
  EXPECT_EQ(read->bytes(10), "");
  EXPECT_THAT(read->all(10), IsEmpty());
  EXPECT_EQ(read->all(7).size(), 1u);
}

TEST(Wire, NothingIsAMessageToo) {
  const auto read = WireMessage::read("");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->number(1, 7), 7u);
}

TEST(Wire, EveryCutIsNoticedOrEndsBetweenFields) {
  // Where a field of kByProtoc begins, and the end.
  const std::vector<std::size_t> whole = {0, 11, 13, 24, 29, 38, 43, 54, 60, 62, 65, 68};
  ASSERT_EQ(kByProtoc.size(), whole.back());
  for (std::size_t bytes = 0; bytes <= kByProtoc.size(); ++bytes) {
    const bool expected = std::find(whole.begin(), whole.end(), bytes) != whole.end();
    EXPECT_EQ(WireMessage::read(kByProtoc.substr(0, bytes)).ok(), expected) << bytes;
  }
}

TEST(Wire, HostileBytesAreRefused) {
  for (const auto* hex : {"00",                        // field 0
                          "0b", "0c", "0e01", "0f",    // groups, and types that do not exist
                          "08ffffffffffffffffffff01",  // a number of eleven bytes
                          "0affffffffffffffffff01",    // longer than everything there is
                          "0a7f00",                    // longer than what is there
                          "0d000000", "0900",          // fixed ones, cut off
                          "f8ffffffff7f01"}) {         // a field number of 2^39
    const auto read = WireMessage::read(from_hex(hex));
    ASSERT_FALSE(read.ok()) << hex;
    EXPECT_EQ(read.error().kind, ErrorKind::corrupted) << hex;
  }
}

TEST(Wire, RandomBytesDoNoHarm) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    std::string_view rest = bytes;
    (void)take_delimited(rest).ok();
    const auto read = WireMessage::read(bytes);
    if (!read) continue;
    for (const int field : {1, 2, 3}) {
      (void)read->number(field);
      for (const auto part : read->all(field)) EXPECT_LE(part.size(), bytes.size());
      EXPECT_LE(read->numbers(field).size(), bytes.size());
    }
  }
}

TEST(Wire, MessagesBehindTheirLength) {
  WireWriter writer;
  writer.bytes(1, std::string(200, 'x'));
  const std::string two = writer.delimited() + WireWriter().delimited();
  std::string_view rest = two;
  EXPECT_EQ(take_delimited(rest).value(), writer.text());
  EXPECT_EQ(take_delimited(rest).value(), "");
  EXPECT_FALSE(take_delimited(rest).ok());
  std::string_view cut = std::string_view(two).substr(0, 100);
  EXPECT_FALSE(take_delimited(cut).ok());
}

TEST(Wire, BigEndian) {
  std::string text;
  append_big_endian(text, 0x0102'0304'0506, 4);
  append_big_endian(text, 7, 2);
  EXPECT_EQ(text, std::string_view("\x03\x04\x05\x06\0\x07", 6));
}

}  // namespace
}  // namespace bdaas
