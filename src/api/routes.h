#pragma once
// The table of the whole API, one function per noun.

#include "api/route.h"

namespace bdaas::api {

std::vector<Route> system_routes();
std::vector<Route> job_routes();
std::vector<Route> cluster_routes();
std::vector<Route> step_routes();
std::vector<Route> upload_routes();
std::vector<Route> program_routes();
std::vector<Route> data_routes();
std::vector<Route> result_routes();
std::vector<Route> event_routes();
std::vector<Route> release_routes();
std::vector<Route> page_routes();

std::vector<Route> all_routes();

}  // namespace bdaas::api
