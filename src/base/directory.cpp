#include "base/directory.h"

#include "base/os_error.h"

namespace bdaas {

// Not by a range-for: its ++ throws.
Result<std::vector<fs::path>> list_directory(const fs::path& path) {
  std::vector<fs::path> entries;
  std::error_code error;
  fs::directory_iterator at(path, error);
  if (error == std::errc::no_such_file_or_directory) return entries;
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    entries.push_back(at->path());
  }
  if (error) return os_error(error.value(), fmt::format("cannot list '{}'", path.native()));
  return entries;
}

}  // namespace bdaas
