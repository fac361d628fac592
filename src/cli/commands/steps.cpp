// bdaas steps …

#include "cli/await.h"
#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/commands/place.h"
#include "cli/commands/sending.h"
#include "cli/follow.h"
#include "cli/until_signal.h"

namespace bdaas::cli {

namespace {

constexpr std::array kColumns = {Column{"ID", "id"},
                                 Column{"NAME", "spec.name"},
                                 Column{"STATE", "status.state", Show::state},
                                 Column{"REASON", "status.reason"},
                                 Column{"EXIT", "exit_code"},
                                 Column{"JOB", "job"},
                                 Column{"AGE", "created_at", Show::age}};

constexpr Positional kCluster{"CLUSTER", "id of a cluster, c-…"};
constexpr Positional kProgram{"PROGRAM", "a .py or .jar, or the id of an uploaded one, p-…"};
constexpr Positional kStep{"STEP", "id of a step, s-…"};
constexpr std::array kClusterAndProgram = {kCluster, kProgram};
constexpr std::array kOneCluster = {kCluster};
constexpr std::array kOneStep = {kStep};
constexpr Option kWait{"--wait", "", "return when it has ended; exit code as of `bdaas run`"};
constexpr std::array kAddOptions = {kClass, kName, kSet, kTimeout, kWait};
constexpr Option kFollow{"--follow", "", "stay until the program ends", false, 'f'};
constexpr Option kStderr{"--stderr", "", "what it printed to stderr instead of stdout"};
constexpr std::array kLogsOptions = {kFollow, kStderr};

Result<ProgramId> program_of(Session& session, const std::string& text) {
  if (auto id = as_id<ProgramId>(text)) return *id;
  BDAAS_ASSIGN(const auto program, check_program(text));
  BDAAS_TRY(session.api());  // as in `data put`
  return until_signal(
      [&](TaskControl& control) { return send_with_progress(session, program, control); });
}

Result<ExitCode> end_of(const Api& api, const std::string& path) {
  BDAAS_ASSIGN(const auto row, await_row(api, path, [](const json::value& step) {
                 const auto state = from_text<StepState>(text_at(step, "status.state"));
                 return state && is_terminal(*state);
               }));
  const auto state = text_at(row, "status.state");
  if (state == to_text(StepState::succeeded)) return ExitCode::ok;
  if (state == to_text(StepState::cancelled)) return ExitCode::cancelled;
  return exit_code_of(from_text<Reason>(text_at(row, "status.reason")).value_or(Reason::none));
}

Result<ExitCode> add(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto cluster, path_of(kClusterWords, arguments.at(kCluster)));
  StepSpec spec;
  spec.name = arguments.text(kName).value_or("");
  spec.main_class = arguments.text(kClass).value_or("");
  spec.args = arguments.rest();
  BDAAS_ASSIGN(spec.settings, read_settings(arguments));
  BDAAS_ASSIGN(spec.timeout_ms, read_duration(arguments, kTimeout));
  BDAAS_ASSIGN(spec.program, program_of(session, arguments.at(kProgram)));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto step, api->post(cluster + "/steps", to_json(spec)));
  session.tell(text_at(step, "id"), step);
  if (!arguments.has(kWait)) return ExitCode::ok;
  BDAAS_ASSIGN(const auto path, path_of(kStepWords, text_at(step, "id")));
  return end_of(*api, path);
}

Result<ExitCode> list(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, arguments.at(kCluster)));
  return list_rows(session, path + "/steps", kColumns);
}

Result<ExitCode> describe(Session& session, const Arguments& arguments) {
  return describe_row(session, kStepWords, arguments.at(kStep));
}

Result<ExitCode> logs(Session& session, const Arguments& arguments) {
  BDAAS_TRY(path_of(kStepWords, arguments.at(kStep)));
  BDAAS_ASSIGN(const auto* api, session.api());
  LogRequest request;
  request.step = StepId{arguments.at(kStep)};
  request.stream = arguments.has(kStderr) ? OutputStream::err : OutputStream::out;
  request.follow = arguments.has(kFollow);
  TaskControl control;
  BDAAS_TRY(follow_log(
      *api, request, [&](const std::string& text) { return session.out().write(text); }, control));
  return ExitCode::ok;
}

Result<ExitCode> cancel(Session& session, const Arguments& arguments) {
  return wish(session, kStepWords, arguments.at(kStep), "cancel");
}

}  // namespace

const Verb kStepsAdd{kClusterAndProgram, kAddOptions, add, true};
const Verb kStepsList{kOneCluster, {}, list};
const Verb kStepsDescribe{kOneStep, {}, describe};
const Verb kStepsLogs{kOneStep, kLogsOptions, logs};
const Verb kStepsCancel{kOneStep, {}, cancel};

}  // namespace bdaas::cli
