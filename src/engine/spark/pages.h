#pragma once
// The web pages of a cluster's daemons, by the ports of its plan: the only places that the
// manager's page proxy goes to. Pure.

#include "model/pages.h"

namespace bdaas {

// On YARN the driver listens on any port and is reached through the ResourceManager's own proxy;
// its `host` and `port` are those.
std::vector<PageServer> spark_pages(const ClusterFacts& cluster);

}  // namespace bdaas
