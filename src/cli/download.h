#pragma once
// Fetches a stored file of the manager. Written beside and renamed: under its name stands the whole
// file or nothing.

#include "cli/upload.h"

namespace bdaas::cli {

struct DownloadSpec {
  std::string path;         // on the manager, for example /v1/results/r-…/archive
  fs::path target;          // an existing file is replaced
  std::string sha256;       // as the manager says; empty: unknown
  std::uint64_t bytes = 0;  // for progress; 0: unknown
};

// Blocking; goes on where it was when the connection breaks. corrupted: the checksum differs.
Result<> download(const Api& api, const DownloadSpec& spec, const Progress& progress,
                  TaskControl& control, const RetryPolicy& retry = {});

}  // namespace bdaas::cli
