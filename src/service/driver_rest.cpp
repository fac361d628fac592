#include "service/driver_rest.h"

namespace bdaas {

Result<std::vector<Stage>> stages_of_driver(HttpClient& client, const ClusterEndpoints& endpoints,
                                            const std::string& application_id) {
  HttpRequest request;
  request.url = fmt::format("{}/proxy/{}/api/v1/applications/{}/stages", endpoints.resource_manager,
                            application_id, application_id);
  request.headers = {{"Accept", "application/json"}};
  request.hosts = endpoints.hosts;
  request.timeout = Millis{5'000};
  auto response = client.send(request);
  if (!response) return std::move(response).error();
  // Before and after the driver's life the proxy answers with a redirect or a page of its own.
  const auto answer = parse_json(response->body);
  if (!response->ok() || !answer || !answer->is_array()) {
    return fail(ErrorKind::not_found, "the driver of {} does not answer", application_id);
  }
  std::vector<Stage> stages;
  for (const auto& item : answer->get_array()) {
    stages.push_back({.id = number_at(item, {"stageId"}),
                      .name = text_at(item, {"name"}),
                      .state = text_at(item, {"status"}),
                      .tasks = number_at(item, {"numTasks"}),
                      .done = number_at(item, {"numCompleteTasks"}),
                      .failed = number_at(item, {"numFailedTasks"})});
  }
  return stages;
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
