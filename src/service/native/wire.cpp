#include "service/native/wire.h"

namespace bdaas {
namespace {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr std::uint64_t kFieldMax = (1u << 29) - 1;
constexpr std::size_t kVarintBytesMax = 10;

struct WireField {
  int number = 0;
  WireType type = kVarint;
  std::uint64_t value = 0;
  std::string_view bytes;
};

void append_key(std::string& to, int field, WireType type) {
  append_varint(to, static_cast<std::uint64_t>(field) << 3 | type);
}

void append_little_endian(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 0xFF);
}

bool take_little_endian(std::string_view& text, std::size_t bytes, std::uint64_t& value) {
  if (text.size() < bytes) return false;
  value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  }
  text.remove_prefix(bytes);
  return true;
}

bool take_bytes(std::string_view& text, std::string_view& bytes) {
  std::uint64_t size = 0;
  if (!take_varint(text, size) || size > text.size()) return false;
  bytes = text.substr(0, size);
  text.remove_prefix(size);
  return true;
}

// Nothing: the text does not begin with a whole field.
std::optional<WireField> take_field(std::string_view& text) {
  std::uint64_t key = 0;
  if (!take_varint(text, key) || key >> 3 == 0 || key >> 3 > kFieldMax) return std::nullopt;
  WireField field{.number = static_cast<int>(key >> 3), .type = static_cast<WireType>(key & 7)};
  bool whole = false;
  switch (field.type) {
    case kVarint:
      whole = take_varint(text, field.value);
      break;
    case kFixed64:
      whole = take_little_endian(text, 8, field.value);
      break;
    case kFixed32:
      whole = take_little_endian(text, 4, field.value);
      break;
    case kBytes:
      whole = take_bytes(text, field.bytes);
      break;
  }
  return whole ? std::optional(field) : std::nullopt;
}

template <class Take>
void for_each_field(std::string_view text, int number, const Take& take) {
  while (const auto field = take_field(text)) {
    if (field->number == number) take(*field);
  }
}

}  // namespace

void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

bool take_varint(std::string_view& text, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < text.size() && i < kVarintBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

Result<std::string_view> take_delimited(std::string_view& text) {
  std::string_view message;
  if (take_bytes(text, message)) return message;
  return fail(ErrorKind::corrupted, "a message in Hadoop's encoding is cut off");
}

void append_big_endian(std::string& to, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to += static_cast<char>(value >> (8 * i) & 0xFF);
}

WireWriter& WireWriter::number(int field, std::uint64_t value) {
  append_key(text_, field, kVarint);
  append_varint(text_, value);
  return *this;
}

WireWriter& WireWriter::signed_number(int field, std::int64_t value) {
  const auto zigzag =
      static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  return number(field, zigzag);
}

WireWriter& WireWriter::fixed32(int field, std::uint32_t value) {
  append_key(text_, field, kFixed32);
  append_little_endian(text_, value, 4);
  return *this;
}

WireWriter& WireWriter::fixed64(int field, std::uint64_t value) {
  append_key(text_, field, kFixed64);
  append_little_endian(text_, value, 8);
  return *this;
}

WireWriter& WireWriter::bytes(int field, std::string_view value) {
  append_key(text_, field, kBytes);
  append_varint(text_, value.size());
  text_ += value;
  return *this;
}

std::string WireWriter::delimited() const {
  std::string out;
  append_varint(out, text_.size());
  return out + text_;
}

Result<WireMessage> WireMessage::read(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    if (!take_field(rest)) {
      return fail(ErrorKind::corrupted, "a message in Hadoop's encoding is broken at byte {} of {}",
                  text.size() - rest.size(), text.size());
    }
  }
  return WireMessage(text);
}

std::uint64_t WireMessage::number(int field, std::uint64_t fallback) const {
  for_each_field(text_, field, [&](const WireField& found) { fallback = found.value; });
  return fallback;
}

std::int64_t WireMessage::signed_number(int field) const {
  const std::uint64_t zigzag = number(field);
  return static_cast<std::int64_t>(zigzag >> 1 ^ (~(zigzag & 1) + 1));
}

std::string_view WireMessage::bytes(int field) const {
  std::string_view last;
  for_each_field(text_, field, [&](const WireField& found) { last = found.bytes; });
  return last;
}

std::vector<std::string_view> WireMessage::all(int field) const {
  std::vector<std::string_view> every;
  for_each_field(text_, field, [&](const WireField& found) { every.push_back(found.bytes); });
  return every;
}

std::vector<std::uint64_t> WireMessage::numbers(int field) const {
  std::vector<std::uint64_t> every;
  for_each_field(text_, field, [&](const WireField& found) {
    if (found.type != kBytes) return every.push_back(found.value);
    std::string_view packed = found.bytes;
    for (std::uint64_t value = 0; take_varint(packed, value);) every.push_back(value);
  });
  return every;
}

}  // namespace bdaas
