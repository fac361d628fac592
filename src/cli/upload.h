#pragma once
// Sends one file or tar to the manager by tus 1.0. A broken connection is taken up again where the manager stands.

#include <functional>

#include "cli/api.h"
#include "cli/byte_source.h"
#include "cli/task.h"

namespace bdaas::cli {

struct UploadSpec {
  std::string kind;    // "program" or "data"
  std::string name;    // base name
  std::string shape;   // of data: "file" or "tree"
  std::string sha256;  // when known beforehand
};

struct Uploaded {
  std::string object;  // p-… or d-…
  std::string sha256;  // of what was read here
};

// Of uploads and downloads.
struct TransferRetry {
  int attempts_max = 8;  // in a row without one more byte moved
  Millis pause_first{100};
  Millis pause_max{5'000};
};

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Blocking; stops early when control.stop is set (cancelled). Nothing but the unfinished upload is left behind then;
// the manager drops those by age, and this asks it to.
Result<Uploaded> upload(const Api& api, const UploadSpec& spec, ByteSource& source,
                        const Progress& progress, TaskControl& control,
                        const TransferRetry& retry = {});

}  // namespace bdaas::cli
