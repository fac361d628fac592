// bdaas run, bdaas jobs attach

#include <algorithm>

#include "base/utf8.h"
#include "cli/archive.h"
#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/commands/place.h"
#include "cli/known_members.h"
#include "cli/manager_process.h"
#include "cli/run/launch.h"
#include "cli/run/run_session.h"

namespace bdaas::cli {

namespace {

constexpr Positional kProgram{"PROGRAM", "a .py or .jar, or the id of an uploaded one, p-…"};
constexpr std::array kOneProgram = {kProgram};
constexpr Option kData{"--data", "PATH", "a file, a directory, or the id of a data set, d-…", true};
constexpr Option kCluster{"--cluster", "CLUSTER",
                          "run on this one, c-…, instead of one of its own"};
constexpr Option kKeep{"--keep", "", "keep the cluster for later jobs"};
constexpr Option kOutput{"--output", "FILE",
                         "where the archive goes; default: NAME-JOB.tar.gz in this directory"};
constexpr Option kVerbose{"--verbose", "", "the driver's stderr too", false, 'v'};
constexpr auto kOptions = join(
    std::array{kClass, kData, kCluster, kKeep, kTimeout, kName, kOutput, kVerbose}, kPlaceOptions);
constexpr std::string_view kNotes =
    "In ARGS, {input} is the HDFS directory of all data, {input:1} that of the first of several, "
    "and\n"
    "{output} where the program shall write. Without ARGS they are appended in that order: inputs, "
    "output.\n"
    "The program finds them in BDAAS_INPUT, BDAAS_INPUT_1 … and BDAAS_OUTPUT too. Readers of RDDs "
    "(textFile)\n"
    "look into directories below; those of DataFrames do so with option(\"recursiveFileLookup\", "
    "True) only,\n"
    "and pass over them silently without it: {input} of several data sets has one for each.\n"
    "The program's stdout goes to stdout, everything else to stderr. Ctrl-C cancels the job and "
    "waits\n"
    "until it is cleaned up; a second one leaves that to the manager. When this terminal dies, the "
    "job\n"
    "goes on: `bdaas jobs attach`.";

constexpr Positional kJob{"JOB", "id of a job, j-…"};
constexpr std::array kOneJob = {kJob};
constexpr std::array kAttachOptions = {kOutput, kVerbose};

template <class IdType, class Local>
Result<std::variant<IdType, Local>> id_or_local(const std::string& text,
                                                Result<Local> (*check)(const fs::path&)) {
  using Either = std::variant<IdType, Local>;
  if (auto id = as_id<IdType>(text)) return Either(*std::move(id));
  BDAAS_ASSIGN(auto local, check(text));
  return Either(std::move(local));
}

Result<LaunchPlan> read_plan(const Arguments& arguments) {
  LaunchPlan plan;
  auto& spec = plan.spec;
  BDAAS_ASSIGN(plan.program,
               (id_or_local<ProgramId, LocalProgram>(arguments.at(kProgram), &check_program)));
  for (const auto& text : arguments.list(kData)) {
    BDAAS_ASSIGN(auto item, (id_or_local<DataSetId, LocalData>(text, &check_data)));
    plan.data.push_back(std::move(item));
  }
  BDAAS_ASSIGN(spec.place, read_place(arguments));
  const auto* program = std::get_if<LocalProgram>(&plan.program);
  spec.name = arguments.text(kName).value_or(program != nullptr ? program->name : "");
  spec.main_class = arguments.text(kClass).value_or("");
  if (program != nullptr && program->kind == ProgramKind::python && !spec.main_class.empty()) {
    return fail(ErrorKind::invalid_argument, "--class is for a .jar, and '{}' is none",
                program->name);
  }
  spec.args = arguments.rest();
  spec.keep = arguments.has(kKeep);
  BDAAS_ASSIGN(spec.timeout_ms, read_duration(arguments, kTimeout));
  if (const auto cluster = arguments.text(kCluster)) {
    BDAAS_TRY(path_of(kClusterWords, *cluster));
    spec.cluster = ClusterId{*cluster};
  } else if (spec.place.engine != "fake") {
    plan.needs_release = spec.place.release;
  }
  return plan;
}

// A borrowed cluster is as it is: options that describe a new one would be ignored silently.
Result<> check_no_place(const Arguments& arguments) {
  if (!arguments.has(kCluster)) return {};
  for (const auto& option :
       {kWorkers, kMaster, kMemory, kCores, kNoComet, kOn, kRelease, kEngine, kKeep}) {
    if (!arguments.has(option)) continue;
    return fail(ErrorKind::invalid_argument,
                "{} describes a new cluster; with --cluster there is none", option.name);
  }
  return {};
}

Result<fs::path> read_output(const Arguments& arguments) {
  const fs::path output = arguments.text(kOutput).value_or("");
  BDAAS_TRY(check_output(output.empty() ? fs::path("./bdaas") : output));
  return output;
}

// A job goes on only with a manager: one is started when none runs.
FindManager manager_of(Session& session, const StateDir& state) {
  return [&session, state](const std::atomic<bool>& stop) {
    return ensure_manager(session.environment(), state, kManagerDeadline, &stop);
  };
}

// Manager first: it is waited for under the view's eyes, so that Ctrl-C and the stopwatch work.
Result<> connect(Api& api, const FindManager& ensure, const StateDir& state, const TellRun& tell,
                 const TaskControl& control) {
  auto found = find_manager(state, &control.stop);
  if (!found) {
    tell(PhaseBegan{Phase::manager, "starting"});
    found = ensure(control.stop);
    tell(PhaseEnded{Phase::manager, found.ok()});
  }
  if (!found) return std::move(found).error();
  api.move_to(*std::move(found));
  return {};
}

Result<ExitCode> run(Session& session, const Arguments& arguments) {
  BDAAS_TRY(check_no_place(arguments));
  BDAAS_ASSIGN(auto plan, read_plan(arguments));
  BDAAS_ASSIGN(auto output, read_output(arguments));
  BDAAS_ASSIGN(const auto state, session.state_dir());
  const auto& command = session.command();
  if (std::all_of(command.begin(), command.end(), is_utf8)) plan.spec.command = command;
  Signals signals;
  const auto ensure = manager_of(session, state);
  Api api(Endpoint{}, ensure);
  RunSessionOptions options;
  options.verbose = arguments.has(kVerbose);
  options.output = std::move(output);
  options.model.title = plan.spec.name.empty() ? arguments.at(kProgram) : plan.spec.name;
  options.model.has_data = !plan.data.empty();
  options.model.borrows = plan.spec.cluster.has_value();
  options.model.keeps = plan.spec.keep;
  options.start = [&](const TellRun& tell, TaskControl& control,
                      TaskControl& leaving) -> Result<Job> {
    BDAAS_TRY(connect(api, ensure, state, tell, control));
    return launch(api, plan, tell, control, leaving);
  };
  const auto view = make_view(session.out(), session.err(), session.json());
  return run_session(api, options, *view, signals);
}

Result<ExitCode> attach(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto path, path_of(kJobWords, arguments.at(kJob)));
  BDAAS_ASSIGN(auto output, read_output(arguments));
  BDAAS_ASSIGN(const auto state, session.state_dir());
  BDAAS_ASSIGN(auto endpoint, ensure_manager(session.environment(), state));
  Api api(std::move(endpoint), manager_of(session, state));
  BDAAS_ASSIGN(const auto answer, api.get(path));
  BDAAS_ASSIGN(const auto job, noun_from<Job>(answer));
  Signals signals;
  RunSessionOptions options;
  options.verbose = arguments.has(kVerbose);
  options.output = std::move(output);
  options.model.title = job.spec.name;
  options.model.has_data = !job.spec.data.empty();
  options.model.borrows = job.spec.cluster.has_value();
  options.model.keeps = job.spec.keep;
  options.start = [&](const TellRun&, TaskControl&, TaskControl&) -> Result<Job> { return job; };
  const auto view = make_view(session.out(), session.err(), session.json());
  return run_session(api, options, *view, signals);
}

}  // namespace

const Verb kRun{kOneProgram, kOptions, run, true, kNotes};
const Verb kJobsAttach{kOneJob, kAttachOptions, attach};

}  // namespace bdaas::cli
