#include "engine/fake/fake_engine.h"

#include <fmt/core.h>

#include "base/nearest.h"

namespace bdaas {
namespace {

constexpr std::int64_t kNodeMib = 16;

bool runs_on_agent(const ClusterFacts& cluster, const ProgramFacts& program) {
  const std::string name(kFakeRunOnAgent);
  for (const auto* settings : {&program.settings, &cluster.spec.settings}) {
    if (const auto found = settings->find(name); found != settings->end()) {
      return found->second == "true";
    }
  }
  return false;
}

}  // namespace

Result<MemoryPlan> FakeEngine::fit(const ClusterSpec& spec, const Room& room) const {
  if (spec.workers < 1 || room.cores < 1) {
    return fail(ErrorKind::invalid_argument, "{} workers on {} cores make no cluster", spec.workers,
                room.cores);
  }
  const std::int64_t needed = kNodeMib * (room.per_machine ? 1 : spec.workers + 1);
  if (needed > room.memory_mib) {
    return fail(ErrorKind::resource_exhausted,
                "{} workers need {} MiB of memory and there are {} MiB: take fewer workers or give "
                "more with --memory",
                spec.workers, needed, room.memory_mib);
  }
  MemoryPlan plan;
  plan.node_memory_mib = plan.shared_mib = plan.worker_mib = kNodeMib;
  plan.node_cores = 1;
  plan.executors = spec.workers;
  plan.executor_cores = 1;
  return plan;
}

Result<> FakeEngine::check_settings(const std::map<std::string, std::string>& settings) const {
  const std::vector<std::string_view> known = {kFakeRunOnAgent, kFakeOutcome, kFakeTime,
                                               kFakeOutput};
  for (const auto& [name, value] : settings) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fail(ErrorKind::invalid_argument, "settings: the fake engine does not know {}{}", name,
                did_you_mean(name, known));
  }
  return {};
}

Result<NodePlan> FakeEngine::plan_node(const ClusterFacts& cluster, const NodeFacts& node) const {
  NodePlan plan;
  plan.directories = {node.dir + "/log"};
  std::string hosts;
  for (const auto& member : cluster.nodes) {
    hosts += fmt::format("{} {}\n", member.address, member.host);
  }
  plan.files.push_back({.path = node.dir + "/hosts", .content = hosts});
  DaemonSpec daemon;
  daemon.name = node.role == NodeRole::master ? "fake-master" : "fake-worker";
  daemon.argv = {"/bin/sleep", "infinity"};
  daemon.working_dir = node.dir;
  daemon.log = fmt::format("{}/log/{}.log", node.dir, daemon.name);
  if (node.role == NodeRole::master) {  // the simulation counts how often it is run
    daemon.init_once = InitOnce{.marker = "formatted", .argv = {"/bin/true"}};
  }
  plan.daemons.push_back(std::move(daemon));
  return plan;
}

Result<std::optional<RunSpec>> FakeEngine::plan_run(const ClusterFacts& cluster,
                                                    const MemoryPlan& /*memory*/,
                                                    const ProgramFacts& program) const {
  if (!runs_on_agent(cluster, program)) return std::optional<RunSpec>{};
  RunSpec run;
  run.step = program.step;
  run.argv = {"/bin/echo", "fake run of", program.file_name};
  run.argv.insert(run.argv.end(), program.args.begin(), program.args.end());
  run.env = program.env;
  return std::optional<RunSpec>{std::move(run)};
}

}  // namespace bdaas
