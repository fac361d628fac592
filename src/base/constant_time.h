#pragma once
// For secrets. Nothing but the standard library: the agent uses it, too.

#include <string_view>

namespace bdaas {

// Time does not depend on where they differ; it does on their sizes.
inline bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;  // so that no compiler ends the loop early
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace bdaas
