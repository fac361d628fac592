// Jobs: program + data + workers + place → result.

#include "api/routes.h"

namespace bdaas::api {

namespace {

Created<Job> made(Job job) {
  auto location = "/v1/jobs/" + job.id.text;
  return {std::move(job), std::move(location)};
}

Result<Created<Job>> create_job(const Call& call, FromBody<JobSpec> spec) {
  BDAAS_ASSIGN(auto job, call.api.commands.create_job(call.user, std::move(spec.value)));
  return made(std::move(job));
}

Result<Page<Job>> list_jobs(const Call& call, FromQuery<PageQuery> page) {
  return own_page<Job>(call, page.value);
}

Result<Job> get_job(const Call& call, FromPath<JobId> id) { return own_row<Job>(call, id.value); }

Result<Job> cancel_job(const Call& call, FromPath<JobId> id) {
  return call.api.commands.cancel_job(call.user, id.value);
}

Result<Created<Job>> run_job_again(const Call& call, FromPath<JobId> id) {
  BDAAS_ASSIGN(auto past, own_row<Job>(call, id.value));
  past.spec.token.clear();  // it names the past one
  BDAAS_ASSIGN(auto job, call.api.commands.create_job(call.user, std::move(past.spec)));
  return made(std::move(job));
}

}  // namespace

std::vector<Route> job_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(route("POST", "/v1/jobs", "create_job", "Run a program on data", create_job)
                       .may_fail({not_found, conflict, failed_precondition, resource_exhausted}));
  routes.push_back(
      route("GET", "/v1/jobs", "list_jobs", "List jobs", list_jobs).may_fail({not_found}));
  routes.push_back(route("GET", "/v1/jobs/{id}", "get_job", "Describe a job", get_job));
  routes.push_back(route("POST", "/v1/jobs/{id}/cancel", "cancel_job",
                         "Cancel a job; again is harmless", cancel_job)
                       .may_fail({conflict, failed_precondition}));
  routes.push_back(route("POST", "/v1/jobs/{id}/run-again", "run_job_again",
                         "Run a job once more, as a new one", run_job_again)
                       .may_fail({conflict, failed_precondition, resource_exhausted}));
  return routes;
}

}  // namespace bdaas::api
