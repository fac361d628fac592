#pragma once
// Downloads by the registries' ordinary clients, as the user has set them up (settings.xml,
// pip.conf: mirrors, proxies, certificates). What they bring is checked by the caller. Blocking;
// any thread.

#include <functional>

#include "base/files.h"
#include "release/fetch_plan.h"

namespace bdaas {

struct Download {
  std::string program;  // mvn, or the Python whose pip is used; absolute
  fs::path into;        // exists; the files appear here under their pinned names
  fs::path scratch;     // exists; the client's temporary files
  std::vector<PinnedFile> files;
  // Bytes of `files` that have arrived so far; called often, on one thread at a time.
  std::function<void(std::int64_t)> on_bytes;
  const std::atomic<bool>* cancel = nullptr;  // ends the client
};

// Errors of both: unavailable (the registry does not answer), not_found (it has no such file),
// corrupted (another checksum), deadline_exceeded, failed_precondition (anything else the client
// says).
Result<> download_with_maven(const Download& download);
Result<> download_with_pip(const Download& download);

// What a client's output says went wrong.
Error explain_maven_failure(std::string_view output);
Error explain_pip_failure(std::string_view output);

}  // namespace bdaas
