#pragma once
// A file, or the entries of a tar, into HDFS: a few threads, each with one file under way. A large
// file is written in parts, which are joined in the end: a DataNode takes one block by one thread.
// Contents are read by position out of the source, so memory is bounded by the threads' buffers,
// whatever the source is.

#include "service/webhdfs.h"

namespace bdaas {

struct LoadPlan {
  DataSource source;
  std::string directory;                      // absolute in HDFS
  std::int64_t block_bytes = 0;               // see block_bytes_for()
  std::size_t threads = 6;                    // of a tar
  std::int64_t part_bytes_min = 256ll << 20;  // of a large file
};

// Small inputs are cut so that every worker gets some of it; large ones keep HDFS's usual 128 MiB.
std::int64_t block_bytes_for(std::int64_t source_bytes, std::int64_t workers);

// Blocking. What is there under the same names is replaced; number and length are compared
// afterwards. Errors: cancelled; not_found, corrupted, invalid_argument of the source; those of
// WebHdfs.
Result<> load_into_hdfs(WebHdfs& hdfs, const LoadPlan& plan, LoadProgress& progress);

}  // namespace bdaas
