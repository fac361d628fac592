#pragma once
// flock(2) on a file: one holder at a time, among processes and threads. The lock goes with its
// descriptor, also of a killed holder.

#include <functional>

#include "base/files.h"
#include "base/unique_fd.h"

namespace bdaas {

// Makes the file (0600) where it is absent. Waits as long as somebody else holds it, and asks
// `give_up` before every 50 ms of that: true ends the wait. cancelled: given up.
Result<UniqueFd> lock_file(const fs::path& path, const std::function<bool()>& give_up);

}  // namespace bdaas
