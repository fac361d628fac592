#pragma once
// A running driver's REST API, through the ResourceManager's proxy. Blocking; any thread.

#include "model/stages.h"
#include "service/cluster_http.h"

namespace bdaas {

// not_found while the driver is not up, or not any more.
Result<std::vector<Stage>> stages_of_driver(HttpClient& client, const ClusterEndpoints& endpoints,
                                            const std::string& application_id);

// Tasks done of all tasks known so far, 0..1.
double progress_of(const std::vector<Stage>& stages);

}  // namespace bdaas
