// bdaas jobs …

#include <array>

#include "cli/commands.h"
#include "cli/commands/common.h"

namespace bdaas::cli {

namespace {

constexpr std::array kColumns = {Column{"ID", "id"},
                                 Column{"NAME", "spec.name"},
                                 Column{"STATE", "status.state", Show::state},
                                 Column{"REASON", "status.reason"},
                                 Column{"CLUSTER", "cluster"},
                                 Column{"RESULT", "result"},
                                 Column{"AGE", "created_at", Show::age}};

constexpr Positional kJob{"JOB", "id of a job, j-…"};
constexpr std::array kOneJob = {kJob};

Result<ExitCode> list(Session& session, const Arguments&) {
  return list_rows(session, kJobWords.path, kColumns);
}

Result<ExitCode> describe(Session& session, const Arguments& arguments) {
  return describe_row(session, kJobWords, arguments.at(kJob));
}

Result<ExitCode> cancel(Session& session, const Arguments& arguments) {
  return wish(session, kJobWords, arguments.at(kJob), "cancel");
}

Result<ExitCode> run_again(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto path, path_of(kJobWords, arguments.at(kJob)));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto job, api->post(path + "/run-again"));
  const auto id = text_at(job, "id");
  session.tell(fmt::format("{}\nwatch it with `bdaas jobs attach {}`", id, id), job);
  return ExitCode::ok;
}

}  // namespace

const Verb kJobsList{{}, {}, list};
const Verb kJobsDescribe{kOneJob, {}, describe};
const Verb kJobsCancel{kOneJob, {}, cancel};
const Verb kJobsRunAgain{kOneJob, {}, run_again};

}  // namespace bdaas::cli
