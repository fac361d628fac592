#pragma once
// What a program left in its working directory: every name that was not there when it began and is
// not ignored.

#include <set>
#include <string>
#include <vector>

#include "base/files.h"

namespace bdaas {

inline constexpr std::uint64_t kLeftBytesMax = 4ull << 30;

Result<std::set<std::string>> names_in(const fs::path& directory);

// Names that begin with a dot always; a pattern may end in '*'. Pure.
bool is_ignored(std::string_view name, const std::vector<std::string>& ignore);

// Moves the left files and directories into `work` (no links, no sockets or other special files)
// and makes `tar` of them, if there are any. resource_exhausted: more than kLeftBytesMax, or than
// the disk has room for. Whenever it fails to make the tar, they are removed.
Result<> keep_left_files(const fs::path& from, const std::set<std::string>& before,
                         const std::vector<std::string>& ignore, const fs::path& work,
                         const fs::path& tar);

}  // namespace bdaas
