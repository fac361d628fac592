// The manager itself: is it there, what is it, what does this machine lack, and its end.

#include "api/routes.h"

namespace bdaas::api {

namespace {

Result<Health> get_health(const Call&) { return Health{}; }

// Browsers ask for one beside every page, without a cookie.
Result<> get_icon(const Call&) { return {}; }

Result<ManagerInfo> get_info(const Call& call) { return call.api.info; }

Result<Items<Finding>> get_doctor(const Call& call) {
  BDAAS_ASSIGN(auto findings, call.api.doctor());
  return Items<Finding>{std::move(findings)};
}

Result<Accepted> shut_down(const Call& call, FromOptionalBody<ShutdownRequest> request) {
  call.api.shutdown(request.value.terminate_clusters);
  return Accepted{};
}

}  // namespace

std::vector<Route> system_routes() {
  std::vector<Route> routes;
  routes.push_back(
      route("GET", "/v1/health", "get_health", "Is the manager there", get_health).without_token());
  routes.push_back(route("GET", "/favicon.ico", "get_icon", "No icon", get_icon).without_token());
  routes.push_back(route("GET", "/v1/info", "get_info", "What manager this is", get_info));
  routes.push_back(route("GET", "/v1/doctor", "get_doctor",
                         "What is missing on this machine, and the command that mends it",
                         get_doctor)
                       .slow());
  routes.push_back(route("POST", "/v1/shutdown", "shut_down", "End the manager", shut_down));
  return routes;
}

}  // namespace bdaas::api
