#pragma once
// The ends of growing log files.

#include <string>

#include "base/files.h"

namespace bdaas {

inline constexpr int kTailLines = 50;
inline constexpr std::uint64_t kTailBytes = 8 * 1024;

// At most 50 lines and 8 KiB, of what was written from `begin` on; empty when there is nothing.
std::string log_tail(const fs::path& path, std::uint64_t begin = 0);

// The same of a Python program whose traceback stands in its last 64 KiB, without the frames of
// Java below it: those of one exception are more than 50 lines. Empty without a traceback.
std::string traceback_tail(const fs::path& path);

// A log over `bytes_max` is copied (its last quarter) to <path>.1 and emptied; its writers append,
// so they go on at its new end. What is written during the copy may be lost. True: it was cut.
Result<bool> bound_log(const fs::path& path, std::uint64_t bytes_max);

}  // namespace bdaas
