#pragma once
// Looks into an uploaded tree (one POSIX tar) without extracting it.

#include "base/tar_reader.h"

namespace bdaas {

struct TreeSummary {
  std::int64_t files = 0;
  std::int64_t bytes = 0;  // of the files
};

// What becomes a file's name in HDFS, which takes no ':' and UTF-8 only. invalid_argument.
Result<> check_hdfs_name(std::string_view name);

// invalid_argument: a name, link or device that TarReader or HDFS refuses, a name twice, no file
// with a byte in it. corrupted: not a tar, or cut off. name: for messages.
Result<TreeSummary> check_tree(const fs::path& tar, std::string_view name);

}  // namespace bdaas
