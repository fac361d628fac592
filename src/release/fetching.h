#pragma once
// One fetch, from the lock to the last archive. Blocking; one thread, two while both clients
// download.

#include "base/temp_dir.h"
#include "release/fetch_plan.h"
#include "release/installed.h"

namespace bdaas {

struct FetchRequest {
  const fs::path& packages;
  const ReleaseCatalog& catalog;
  const ReleaseSpec& release;
  const HostTools& tools;
  const ReleaseProgress& progress;  // called by one thread at a time
  const std::atomic<bool>& cancel;
};

Result<ReleaseFacts> fetch_release(const FetchRequest& request);

}  // namespace bdaas
