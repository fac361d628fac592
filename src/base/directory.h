#pragma once
// What a directory holds. Blocking; any thread.

#include "base/files.h"

namespace bdaas {

// The paths of its entries, in no order; none when it is absent.
Result<std::vector<fs::path>> list_directory(const fs::path& path);

}  // namespace bdaas
