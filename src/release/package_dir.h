#pragma once
// One package on disk: a directory of read-only files and a manifest.json that was written last.
// Blocking; any thread.

#include <functional>

#include "base/files.h"
#include "release/release_file.h"

namespace bdaas {

// Checks every download against its pin and lays it out in `into`, an existing empty directory.
// Files are moved out of `downloads` where they are laid out as they are. Errors: corrupted names
// the file; not_found when the client did not bring it. All files get one fixed time of change: an
// AppCDS archive made of them stays valid when they are laid out again.
Result<> lay_out_package(const PackageSpec& package, const fs::path& downloads,
                         const fs::path& into);

// Hashes every file of the manifest again. corrupted names the first file that differs or is gone.
// Files that are not in the manifest do not matter.
Result<> verify_package(const fs::path& dir);

}  // namespace bdaas
