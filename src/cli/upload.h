#pragma once
// Sends one file or tar to the manager by tus 1.0. A broken connection is taken up again where the
// manager stands.

#include <functional>

#include "cli/api.h"
#include "cli/byte_source.h"
#include "cli/retry.h"

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

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Blocking; stops early when control.stop is set (cancelled). Nothing but the unfinished upload is
// left behind then; the manager drops those by age, and this asks it to.
Result<Uploaded> upload(const Api& api, const UploadSpec& spec, ByteSource& source,
                        const Progress& progress, TaskControl& control,
                        const RetryPolicy& retry = {});

}  // namespace bdaas::cli
