#pragma once
// The OpenAPI 3.1 description of a table of routes. Pure.

#include <vector>

#include "api/route.h"

namespace bdaas::api {

json::object describe_api(const std::vector<Route>& routes, std::string_view version);

}  // namespace bdaas::api
