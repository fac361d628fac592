#include "service/yarn.h"

#include <algorithm>

#include "net/url.h"

namespace bdaas {
namespace {

YarnApplication application_from(const json::value& value) {
  YarnApplication app;
  app.id = text_at(value, {"id"});
  app.state = text_at(value, {"state"});
  app.final_status = text_at(value, {"finalStatus"});
  app.diagnostics = text_at(value, {"diagnostics"});
  app.tracking_url = text_at(value, {"trackingUrl"});
  const json::value& progress = at_path(value, {"progress"});
  if (progress.is_number()) app.progress = progress.to_number<double>() / 100.0;
  return app;
}

}  // namespace

HttpRequest Yarn::request(const char* method, const std::string& path) const {
  HttpRequest request;
  request.method = method;
  request.url =
      fmt::format("{}/ws/v1/cluster/{}{}user.name={}", endpoints_.resource_manager, path,
                  path.find('?') == path.npos ? '?' : '&', percent_encode(endpoints_.user));
  request.headers = {{"Accept", "application/json"}};
  request.hosts = endpoints_.hosts;
  return request;
}

Result<json::value> Yarn::get(const std::string& path, std::string_view what) {
  return json_answer(client_->send(request("GET", path)), what);
}

Result<std::string> Yarn::new_application() {
  const char* what = "cannot get an application id from YARN";
  auto response = client_->send(request("POST", "apps/new-application"));
  if (!response && response.error().kind == ErrorKind::unknown_outcome) {
    // An id that nobody heard of is lost without harm.
    return Error{ErrorKind::unavailable, response.error().message}.context(what);
  }
  BDAAS_ASSIGN(const auto answer, json_answer(std::move(response), what));
  std::string id = text_at(answer, {"application-id"});
  if (!id.starts_with("application_")) {
    return fail(ErrorKind::corrupted, "YARN gave '{}' for an application id", id);
  }
  return id;
}

Result<> Yarn::submit(const json::object& body) {
  HttpRequest submission = request("POST", "apps");
  submission.headers.push_back({"Content-Type", "application/json"});
  submission.body = write_json(body);
  const char* what = "cannot submit to YARN";
  auto done = client_->send(submission);
  if (!done) return std::move(done).error().context(what);
  if (!done->ok()) return remote_error(*done, what);
  return {};
}

Result<YarnApplication> Yarn::application(const std::string& id) {
  BDAAS_ASSIGN(const auto answer, get("apps/" + id, "cannot ask YARN for " + id));
  return application_from(at_path(answer, {"app"}));
}

Result<std::vector<YarnApplication>> Yarn::tagged(const std::string& tag) {
  BDAAS_ASSIGN(const auto answer, get("apps?applicationTags=" + percent_encode(tag),
                                      "cannot list the applications of YARN"));
  std::vector<YarnApplication> found;
  const json::value& apps = at_path(answer, {"apps", "app"});
  if (apps.is_array()) {
    for (const auto& app : apps.get_array()) found.push_back(application_from(app));
  }
  // Ids end in a number of four or more digits.
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.id.size(), a.id) < std::pair(b.id.size(), b.id);
  });
  return found;
}

Result<> Yarn::kill(const std::string& id) {
  HttpRequest killing = request("PUT", fmt::format("apps/{}/state", id));
  killing.headers.push_back({"Content-Type", "application/json"});
  killing.body = R"({"state":"KILLED"})";
  const std::string what = "cannot end " + id;
  auto done = client_->send(killing);
  if (!done) return std::move(done).error().context(what);
  if (done->ok() || done->status == 404) return {};
  return remote_error(*done, what);
}

Result<YarnMetrics> Yarn::metrics() {
  BDAAS_ASSIGN(const auto answer, get("metrics", "cannot ask YARN for its nodes"));
  return YarnMetrics{.active_nodes = number_at(answer, {"clusterMetrics", "activeNodes"}),
                     .total_mib = number_at(answer, {"clusterMetrics", "totalMB"}),
                     .available_mib = number_at(answer, {"clusterMetrics", "availableMB"})};
}

}  // namespace bdaas
