#pragma once
// The ends of growing log files.

#include <string>

#include "base/files.h"

namespace bdaas {

inline constexpr int kTailLines = 50;
inline constexpr std::uint64_t kTailBytes = 8 * 1024;

// At most 50 lines and 8 KiB, of what was written from `begin` on; empty when there is nothing.
std::string log_tail(const fs::path& path, std::uint64_t begin = 0);

// A log over `bytes_max` is copied (its last quarter) to <path>.1 and emptied; its writers append,
// so they go on at its new end. What is written during the copy may be lost. True: it was cut.
Result<bool> bound_log(const fs::path& path, std::uint64_t bytes_max);

}  // namespace bdaas
