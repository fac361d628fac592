#include "api/routes.h"

#include <iterator>

namespace bdaas::api {

std::vector<Route> all_routes() {
  std::vector<Route> all;
  for (auto* const routes_of :
       {system_routes, job_routes, cluster_routes, step_routes, upload_routes, program_routes,
        data_routes, result_routes, event_routes, release_routes, page_routes}) {
    auto some = routes_of();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace bdaas::api
