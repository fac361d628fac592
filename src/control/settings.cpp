#include "control/settings.h"

#include <algorithm>

namespace bdaas {

Millis backoff(const ControlSettings& settings, std::int64_t attempt, std::string_view salt,
               Millis max) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : salt) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  const auto doublings = std::clamp<std::int64_t>(attempt - 1, 0, 20);
  const auto base =
      std::min<std::int64_t>(settings.backoff_first.count() << doublings, max.count());
  return Millis{base + base / 4 * static_cast<std::int64_t>(hash % 1000) / 1000};
}

}  // namespace bdaas
