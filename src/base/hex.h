#pragma once
// Bytes as text. Nothing but the standard library: the agent uses it, too.

#include <string>
#include <string_view>

namespace bdaas {

// Two lower-case digits a byte.
inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace bdaas
