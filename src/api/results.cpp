// Results: one .tar.gz with a manifest for each job.

#include "api/file_answer.h"
#include "api/routes.h"

namespace bdaas::api {

namespace {

fs::path archive_of(const Call& call, const ResultId& id) {
  return call.api.dir.results() / (id.text + ".tar.gz");
}

Result<Page<JobResult>> list_results(const Call& call, FromQuery<PageQuery> page) {
  return own_page<JobResult>(call, page.value);
}

Result<JobResult> get_result(const Call& call, FromPath<ResultId> id) {
  return own_row<JobResult>(call, id.value);
}

Result<> remove_result(const Call& call, FromPath<ResultId> id) {
  BDAAS_TRY(call.api.commands.remove_result(call.user, id.value));
  BDAAS_TRY(remove_tree(archive_of(call, id.value)));
  call.api.sweep();  // what its program printed
  return {};
}

Result<HttpResponse> get_result_archive(const Call& call, FromPath<ResultId> id) {
  BDAAS_ASSIGN(const auto result, own_row<JobResult>(call, id.value));
  return answer_with_file(call.request, {.path = archive_of(call, result.id),
                                         .media = "application/gzip",
                                         .name = result.job.text + ".tar.gz",
                                         .sha256 = result.sha256});
}

}  // namespace

std::vector<Route> result_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(route("GET", "/v1/results", "list_results", "List results", list_results)
                       .may_fail({not_found}));
  routes.push_back(route("GET", "/v1/results/{id}", "get_result", "Describe a result", get_result));
  routes.push_back(
      route("DELETE", "/v1/results/{id}", "remove_result", "Remove a result", remove_result)
          .slow()
          .may_fail({conflict, failed_precondition}));
  routes.push_back(
      route("GET", "/v1/results/{id}/archive", "get_result_archive", "The archive",
            get_result_archive)
          .may_answer({200, "application/gzip", nullptr, "the archive", {"ETag"}})
          .may_answer({206, "application/gzip", nullptr, "a part of it", {"Content-Range", "ETag"}})
          .takes_header({.name = "Range", .doc = "bytes=<first>-<last>"})
          .with_status(416));
  return routes;
}

}  // namespace bdaas::api
