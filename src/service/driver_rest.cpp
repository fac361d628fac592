#include "service/driver_rest.h"

namespace bdaas {

namespace {

constexpr std::string_view kApplications = "/api/v1/applications";

// A list of the REST API. Before and after the driver's life what stands before it (YARN's proxy)
// answers with a redirect or a page of its own.
Result<json::array> list_at(HttpClient& client, const ClusterEndpoints& endpoints,
                            std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"Accept", "application/json"}};
  request.hosts = endpoints.hosts;
  request.timeout = Millis{5'000};
  BDAAS_ASSIGN(const auto response, client.send(request));
  auto answer = parse_json(response.body);
  if (!response.ok() || !answer || !answer->is_array()) {
    return fail(ErrorKind::not_found, "no driver answers at {}", request.url);
  }
  return std::move(answer->get_array());
}

Result<std::vector<Stage>> stages_at(HttpClient& client, const ClusterEndpoints& endpoints,
                                     const std::string& applications, const std::string& id) {
  BDAAS_ASSIGN(const auto items,
               list_at(client, endpoints, fmt::format("{}/{}/stages", applications, id)));
  std::vector<Stage> stages;
  for (const auto& item : items) {
    stages.push_back({.id = number_at(item, {"stageId"}),
                      .name = text_at(item, {"name"}),
                      .state = text_at(item, {"status"}),
                      .tasks = number_at(item, {"numTasks"}),
                      .done = number_at(item, {"numCompleteTasks"}),
                      .failed = number_at(item, {"numFailedTasks"})});
  }
  return stages;
}

}  // namespace

Result<std::vector<Stage>> stages_of_yarn_driver(HttpClient& client,
                                                 const ClusterEndpoints& endpoints,
                                                 const std::string& application_id) {
  return stages_at(
      client, endpoints,
      fmt::format("{}/proxy/{}{}", endpoints.resource_manager, application_id, kApplications),
      application_id);
}

Result<std::vector<Stage>> stages_of_standalone_driver(HttpClient& client,
                                                       const ClusterEndpoints& endpoints) {
  const std::string applications = fmt::format("{}{}", endpoints.driver, kApplications);
  BDAAS_ASSIGN(const auto items, list_at(client, endpoints, applications));
  const auto id = items.empty() ? std::string() : text_at(items.front(), {"id"});
  // It stands in a path.
  if (id.empty() || id.find_first_of("/?#%") != std::string::npos) {
    return fail(ErrorKind::not_found, "the driver at {} runs no application", applications);
  }
  return stages_at(client, endpoints, applications, id);
}

double progress_of(const std::vector<Stage>& stages) {
  std::int64_t tasks = 0;
  std::int64_t done = 0;
  for (const auto& stage : stages) {
    if (stage.state == "SKIPPED") continue;  // its output was there already
    tasks += stage.tasks;
    done += stage.done;
  }
  return tasks == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(tasks);
}

}  // namespace bdaas
