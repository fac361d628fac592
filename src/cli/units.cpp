#include "cli/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace bdaas::cli {

namespace {

struct Unit {
  std::string_view text;
  std::int64_t factor;
};

constexpr std::array kDurationUnits = {Unit{"ms", 1},        Unit{"s", 1'000},
                                       Unit{"m", 60'000},    Unit{"min", 60'000},
                                       Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::array kMemoryUnits = {Unit{"m", 1},       Unit{"mb", 1},       Unit{"mib", 1},
                                     Unit{"g", 1024},    Unit{"gb", 1024},    Unit{"gib", 1024},
                                     Unit{"t", 1 << 20}, Unit{"tb", 1 << 20}, Unit{"tib", 1 << 20}};

constexpr std::int64_t kMostMillis = 9'000'000'000'000'000;  // what a double counts exactly

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

// Takes "<number><unit>" from the front of text: number × factor, rounded down.
template <std::size_t N>
std::optional<std::int64_t> take_quantity(std::string_view& text,
                                          const std::array<Unit, N>& units) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !(number >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  const auto letters = std::min(text.find_first_of("0123456789."), text.size());
  const auto* unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return candidate.text == text.substr(0, letters);
  });
  if (unit == units.end()) return std::nullopt;
  text.remove_prefix(letters);
  const double product = number * static_cast<double>(unit->factor);
  if (product > kMostMillis) return std::nullopt;
  return static_cast<std::int64_t>(product);
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  const std::string copy = lower(text);
  std::string_view rest = copy;
  std::int64_t total_ms = 0;
  while (!rest.empty()) {
    const auto part = take_quantity(rest, kDurationUnits);
    if (!part || total_ms + *part > kMostMillis) {
      total_ms = 0;
      break;
    }
    total_ms += *part;
  }
  if (total_ms <= 0) {
    return fail(ErrorKind::invalid_argument,
                "'{}' is not a duration; write it like 90s, 10m or 1h30m", text);
  }
  return Millis{total_ms};
}

Result<std::int64_t> parse_memory_mib(std::string_view text) {
  const std::string copy = lower(text);
  std::string_view rest = copy;
  const auto mib = take_quantity(rest, kMemoryUnits);
  if (!mib || *mib <= 0 || !rest.empty()) {
    return fail(ErrorKind::invalid_argument,
                "'{}' is not an amount of memory; write it like 6g or 512m", text);
  }
  return *mib;
}

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return fail(ErrorKind::invalid_argument, "'{}' is not a whole number from {} to {}", text,
                least, most);
  }
  return value;
}

std::string human_bytes(std::int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kNames = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t name = 0;
  while (value >= 1023.95 && name + 1 < kNames.size()) {  // would print as 1024.0
    value /= 1024;
    ++name;
  }
  return fmt::format("{:.1f} {}", value, kNames[name]);
}

std::string human_age(Millis age) {
  const auto seconds = std::max<std::int64_t>(0, age.count() / 1000);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

}  // namespace bdaas::cli
