#pragma once
// Everything the handlers may touch, handed over once by the composition root. All of it outlives
// the API.

#include <functional>
#include <string>
#include <vector>

#include "api/event_hub.h"
#include "api/page_door.h"
#include "api/release_fetches.h"
#include "api/requests.h"
#include "base/log.h"
#include "base/state_dir.h"
#include "control/commands.h"
#include "model/pages.h"
#include "model/releases.h"
#include "model/stages.h"
#include "store/store.h"
#include "stream/output_spool.h"
#include "stream/uploads.h"

namespace bdaas::api {

struct ApiContext {
  Store& store;  // read only, from pool threads
  Commands& commands;
  Uploads& uploads;
  SpoolReader& spool;
  Releases& releases;
  ReleaseFetches& fetches;
  StageSource& stages;
  EventHub& events;
  const Clock& clock;
  StateDir dir;
  ManagerInfo info;
  // What `doctor` finds on this machine; may take seconds.
  std::function<Result<std::vector<Finding>>()> doctor;
  // What a cluster is to its engine; for the stages of a running step.
  std::function<Result<ClusterFacts>(const Cluster&)> cluster_facts;
  // Asks the manager to end; returns at once.
  std::function<void(bool terminate_clusters)> shutdown;
  Log log;
  Pages* pages = nullptr;    // none: the engines' pages are not shown
  PageDoor* door = nullptr;  // none: browsers are not let in
  // What a client needs who logs in there by itself.
  std::function<Result<std::vector<KnownSshLogin>>(const std::vector<SshLogin>&)> known_logins;
  // Removes from the disk what no row names any more; may take seconds.
  std::function<void()> sweep = [] {};
};

}  // namespace bdaas::api
