#pragma once
// Small files, whole and safe. Long byte flows belong to the room `stream`. Blocking; any thread.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bdaas {

namespace fs = std::filesystem;

// Refuses a file larger than max_bytes.
Result<std::string> read_file(const fs::path& path, std::uint64_t max_bytes = 64ull << 20);

// Written beside, fsynced when durable, renamed: a reader sees the old or the new content, never
// half.
// Its mode is `mode` exactly, whatever the umask. A link at path is replaced, not followed.
Result<> write_file(const fs::path& path, std::string_view content, mode_t mode = 0644,
                    bool durable = false);

// With parents, all of `mode` less the umask. An existing directory keeps its mode.
Result<> make_directory(const fs::path& path, mode_t mode = 0755);

// Removes a tree of any depth without following links out of it; absent is fine. Directories that
// lost their permissions get them back first.
Result<> remove_tree(const fs::path& path);

// Tells a file from itself after somebody wrote to it.
struct FileStamp {
  std::int64_t bytes = 0;
  std::string version;  // when it was written and where it lies on its disk; opaque

  bool operator==(const FileStamp&) const = default;
};
// Of a regular file that can be read; links are followed. invalid_argument: it is something else.
Result<FileStamp> stamp_of(const fs::path& path);

// Bytes free to an ordinary user on the file system that holds path.
Result<std::uint64_t> free_bytes(const fs::path& path);

// A name a user gave, used below root: refuses absolute names, NUL, and empty, ".", ".." or over
// 255 byte long parts (so also a slash at the end), all with invalid_argument.
// It looks at the name only; open with O_NOFOLLOW where links may be planted.
Result<fs::path> join_below(const fs::path& root, std::string_view name);

Result<> check_relative_name(std::string_view name);

}  // namespace bdaas
