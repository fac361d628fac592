// bdaas clusters …

#include "cli/await.h"
#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/commands/place.h"
#include "cli/progress_line.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

constexpr std::array kColumns = {Column{"ID", "id"},
                                 Column{"NAME", "spec.name"},
                                 Column{"STATE", "status.state", Show::state},
                                 Column{"REASON", "status.reason"},
                                 Column{"READY", "ready_workers"},
                                 Column{"WORKERS", "spec.workers"},
                                 Column{"JOB", "job"},
                                 Column{"AGE", "created_at", Show::age}};
constexpr std::array kNodeColumns = {Column{"ID", "id"},
                                     Column{"ROLE", "role"},
                                     Column{"HOST", "host"},
                                     Column{"ADDRESS", "machine.address"},
                                     Column{"STATE", "status.state", Show::state},
                                     Column{"READY", "ready", Show::state},
                                     Column{"DAEMONS", "daemons", Show::count},
                                     Column{"LEAVING", "drain"}};

constexpr Positional kCluster{"CLUSTER", "id of a cluster, c-…"};
constexpr Positional kClusters{"CLUSTER", "ids of clusters, c-…", Count::many};
constexpr Positional kWorkersWanted{"WORKERS", "number of workers, 1 to 1000"};
constexpr std::array kOneCluster = {kCluster};
constexpr std::array kManyClusters = {kClusters};
constexpr std::array kClusterAndWorkers = {kCluster, kWorkersWanted};
constexpr Option kIdleTimeout{"--idle-timeout", "DURATION",
                              "end it after so long without a job; default: never"};
constexpr Option kWait{"--wait", "", "return when it is usable, or gone"};
constexpr Option kWaitResized{"--wait", "", "return when it has so many and all others have left"};
constexpr Option kWaitGone{"--wait", "", "return when they are gone"};
constexpr auto kCreateOptions = join(kPlaceOptions, std::array{kName, kIdleTimeout, kWait});
constexpr std::array kResizeOptions = {kWaitResized};
constexpr std::array kTerminateOptions = {kWaitGone};

bool is_over(const json::value& cluster) {
  const auto state = from_text<ClusterState>(text_at(cluster, "status.state"));
  return state && is_terminal(*state);
}

bool is_usable(const json::value& cluster) {
  return text_at(cluster, "status.state") == to_text(ClusterState::running);
}

// It has the workers that are wanted, and none is leaving or coming back.
bool is_settled(const json::value& cluster) {
  const auto* ready = find_path(cluster, "ready_workers");
  const auto* wanted = find_path(cluster, "spec.workers");
  const bool enough = ready != nullptr && wanted != nullptr && ready->is_int64() &&
                      wanted->is_int64() && ready->get_int64() >= wanted->get_int64();
  return is_usable(cluster) && enough && text_at(cluster, "leaving").empty();
}

Result<ExitCode> create(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(auto spec, read_place(arguments));
  spec.name = arguments.text(kName).value_or("");
  BDAAS_ASSIGN(spec.idle_timeout_ms, read_duration(arguments, kIdleTimeout));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(auto cluster, api->post(kClusterWords.path, to_json(spec)));
  const auto id = text_at(cluster, "id");
  if (!arguments.has(kWait)) {
    session.tell(id, cluster);
    return ExitCode::ok;
  }
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, id));
  BDAAS_ASSIGN(cluster, await_row(*api, path, [](const json::value& row) {
                 return is_usable(row) || is_over(row);
               }));
  if (is_over(cluster)) {
    return fail(ErrorKind::unavailable, "cluster {} did not start: {}", id,
                text_at(cluster, "status.message"));
  }
  session.tell(id, cluster);
  return ExitCode::ok;
}

Result<ExitCode> list(Session& session, const Arguments&) {
  return list_rows(session, kClusterWords.path, kColumns);
}

Result<ExitCode> describe(Session& session, const Arguments& arguments) {
  return describe_row(session, kClusterWords, arguments.at(kCluster));
}

Result<ExitCode> nodes(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, arguments.at(kCluster)));
  return list_rows(session, path + "/nodes", kNodeColumns);
}

std::string worker_count(const std::string& number) {
  return number + (number == "1" ? " worker" : " workers");
}

Result<ExitCode> resize(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto workers,
               parse_integer(arguments.at(kWorkersWanted), 1, 1000).context(kWorkersWanted.name));
  const auto& id = arguments.at(kCluster);
  const json::value body = json::object{{"workers", workers}};
  if (!arguments.has(kWaitResized)) return wish(session, kClusterWords, id, "resize", body);
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, id));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_TRY(api->post(path + "/resize", body));
  ProgressLine line(session.err(), id);
  BDAAS_ASSIGN(const auto cluster, await_row(*api, path, [&](const json::value& row) {
                 const auto leaving = text_at(row, "leaving");
                 line.say(leaving.empty() ? text_at(row, "status.message") : leaving);
                 return is_settled(row) || is_over(row);
               }));
  line.clear();
  if (is_over(cluster)) {
    return fail(ErrorKind::unavailable, "cluster {} has ended: {}", id,
                text_at(cluster, "status.message"));
  }
  const auto now = text_at(cluster, "spec.workers");
  if (now != std::to_string(workers)) {
    return fail(ErrorKind::failed_precondition,
                "cluster {} has {}, not {}: `bdaas events` says why", id, worker_count(now),
                workers);
  }
  session.tell(fmt::format("cluster {} has {}", id, worker_count(now)), cluster);
  return ExitCode::ok;
}

Result<ExitCode> terminate(Session& session, const Arguments& arguments) {
  std::vector<std::string> paths;
  for (const auto& id : arguments.list(kClusters)) {
    BDAAS_ASSIGN(auto path, path_of(kClusterWords, id));
    paths.push_back(std::move(path));
  }
  if (!arguments.has(kWaitGone)) {
    for (const auto& id : arguments.list(kClusters)) {
      BDAAS_TRY(wish(session, kClusterWords, id, "terminate"));
    }
    return ExitCode::ok;
  }
  BDAAS_ASSIGN(const auto* api, session.api());
  for (const auto& path : paths) BDAAS_TRY(api->post(path + "/terminate"));
  for (const auto& path : paths) {
    BDAAS_ASSIGN(const auto gone, await_row(*api, path, is_over));
    session.tell(
        fmt::format("cluster {} is {}", text_at(gone, "id"), text_at(gone, "status.state")), gone);
  }
  return ExitCode::ok;
}

}  // namespace

const Verb kClustersCreate{{}, kCreateOptions, create};
const Verb kClustersList{{}, {}, list};
const Verb kClustersDescribe{kOneCluster, {}, describe};
const Verb kClustersNodes{kOneCluster, {}, nodes};
const Verb kClustersResize{kClusterAndWorkers, kResizeOptions, resize};
const Verb kClustersTerminate{kManyClusters, kTerminateOptions, terminate};

}  // namespace bdaas::cli
