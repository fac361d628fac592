#pragma once
// Numbers as people write and read them. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace bdaas::cli {

// "90s", "10m", "1h30m", "500ms", "2d". A unit is asked for; zero is refused.
Result<Millis> parse_duration(std::string_view text);

// "6g", "6GiB", "512m" → MiB. A unit is asked for; g, gb and gib all mean 1024 MiB, as Spark reads
// them.
Result<std::int64_t> parse_memory_mib(std::string_view text);

// A whole number within [least, most].
Result<std::int64_t> parse_integer(std::string_view text, std::int64_t least, std::int64_t most);

// "812 B", "1.4 KiB", "3.0 GiB".
std::string human_bytes(std::int64_t bytes);

// One unit is enough for an age: "12 s", "5 min", "3 h", "2 d".
std::string human_age(Millis age);

}  // namespace bdaas::cli
