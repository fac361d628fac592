#pragma once
// A running driver's REST API. Blocking; any thread.

#include "model/stages.h"
#include "service/cluster_http.h"

namespace bdaas {

// Through the ResourceManager's proxy. not_found while the driver is not up, or not any more.
Result<std::vector<Stage>> stages_of_yarn_driver(HttpClient& client,
                                                 const ClusterEndpoints& endpoints,
                                                 const std::string& application_id);

// Of the one driver of a standalone cluster. not_found, unavailable: it is not up, or not any more.
Result<std::vector<Stage>> stages_of_standalone_driver(HttpClient& client,
                                                       const ClusterEndpoints& endpoints);

// Tasks done of all tasks known so far, 0..1.
double progress_of(const std::vector<Stage>& stages);

}  // namespace bdaas
