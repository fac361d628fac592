#pragma once
// Taking workers out of a running engine, see EngineService::decommission(). Each call looks at
// what the daemons say and tells those to read their lists again that are not of the same mind.
// HDFS and YARN read conf/*.exclude of the master. Blocking; any thread.
//
// Standalone Spark has no such list: a worker is let go when no executor is on it. A program that
// begins at that very moment loses the executors that it has there, and makes their tasks again.

#include "service/cluster_http.h"

namespace bdaas {

Result<Drains> decommission(HttpClient& client, const ClusterEndpoints& endpoints,
                            const ClusterFacts& cluster);

}  // namespace bdaas
