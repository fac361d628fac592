#pragma once
// Protocol Buffers' encoding, as far as Hadoop's RPC and data transfer need it
// (protobuf.dev/programming-guides/encoding). Pure. Messages are read by field numbers; unknown
// fields are passed over, as the format wants it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bdaas {

class WireWriter {
 public:
  WireWriter& number(int field, std::uint64_t value);        // uint32, uint64, bool, enum
  WireWriter& signed_number(int field, std::int64_t value);  // sint32, sint64
  WireWriter& fixed32(int field, std::uint32_t value);
  WireWriter& fixed64(int field, std::uint64_t value);
  WireWriter& bytes(int field, std::string_view value);  // bytes, string
  WireWriter& message(int field, const WireWriter& value) { return bytes(field, value.text_); }

  const std::string& text() const { return text_; }
  std::string delimited() const;  // behind its length

 private:
  std::string text_;
};

// A view of an encoded message; the text must outlive it. Of a field that stands there several
// times the last one counts, except in all().
class WireMessage {
 public:
  static Result<WireMessage> read(std::string_view text);  // corrupted: not whole, or no message

  std::uint64_t number(int field, std::uint64_t fallback = 0) const;
  std::int64_t signed_number(int field) const;  // sint32, sint64; 0 when absent
  std::string_view bytes(int field) const;      // "" when absent
  std::vector<std::string_view> all(int field) const;
  std::vector<std::uint64_t> numbers(int field) const;  // packed or not

 private:
  explicit WireMessage(std::string_view text) : text_(text) {}
  std::string_view text_;  // well-formed
};

void append_varint(std::string& to, std::uint64_t value);
// Takes a varint off the front; false when there is none.
bool take_varint(std::string_view& text, std::uint64_t& value);
// Takes one message behind its length off the front. corrupted
Result<std::string_view> take_delimited(std::string_view& text);

// Java's DataOutput.
void append_big_endian(std::string& to, std::uint64_t value, int bytes);

}  // namespace bdaas
