#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace bdaas {

namespace {

// The length of the longest well-formed text at the front; whole words of ASCII are passed at once.
std::size_t valid_length(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t word = 0;
    while (bytes.size() - at >= sizeof word) {
      std::memcpy(&word, bytes.data() + at, sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
      at += sizeof word;
    }
    if (at == bytes.size()) break;
    const std::size_t length = utf8_length(bytes.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

}  // namespace

std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  const std::size_t length = lead < 0x80                    ? 1
                             : lead >= 0xC2 && lead <= 0xDF ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
  const bool outside = (lead == 0xED && at(1) > 0x9F) || (lead == 0xF4 && at(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

bool is_utf8(std::string_view bytes) { return valid_length(bytes) == bytes.size(); }

std::string repair_utf8(std::string bytes) {
  std::string_view rest = bytes;
  std::size_t good = valid_length(rest);
  if (good == rest.size()) return bytes;
  std::string repaired;
  while (good < rest.size()) {
    repaired += rest.substr(0, good);
    repaired += "\xEF\xBF\xBD";
    rest.remove_prefix(good + 1);
    good = valid_length(rest);
  }
  return repaired.append(rest);
}

}  // namespace bdaas
