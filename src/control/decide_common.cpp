#include <algorithm>

#include "control/deciders.h"

namespace bdaas {

namespace {

// "j-4k2m" → "4k2m".
std::string tail_of(const std::string& id) { return id.substr(id.find('-') + 1); }

bool may_pass(ErrorKind kind) {
  return kind == ErrorKind::throttled || kind == ErrorKind::unavailable ||
         kind == ErrorKind::deadline_exceeded;
}

struct Places {
  const std::string& input_dir;
  const std::vector<std::string>& inputs;
  const std::string& output;
};

// What stands in braces in an argument names a place, or is something else.
Result<std::optional<std::string>> place_in(const Places& places, const std::string& arg,
                                            const std::string& name) {
  using Found = std::optional<std::string>;
  if (name == "output") return Found(places.output);
  if (name == "input") {
    if (!places.inputs.empty()) return Found(places.input_dir);
    return fail(ErrorKind::invalid_argument,
                "argument '{}' names {{input}}, but the job has no data; add --data", arg);
  }
  if (!name.starts_with("input:")) return Found();
  const std::string number = name.substr(6);
  const bool digits =
      !number.empty() && number.size() < 6 &&
      std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  const std::size_t position = digits ? std::stoul(number) : 0;
  if (position >= 1 && position <= places.inputs.size()) return Found(places.inputs[position - 1]);
  return fail(ErrorKind::invalid_argument,
              "argument '{}' names {{{}}}, but the job has {} data sets", arg, name,
              places.inputs.size());
}

Millis backoff_max_of(const ControlSettings& settings, Effect effect) {
  const bool awaited = effect == Effect::load_data || effect == Effect::submit_step ||
                       effect == Effect::collect || effect == Effect::clean_up;
  return awaited ? settings.engine_backoff_max : settings.backoff_max;
}

}  // namespace

ClusterId cluster_of(const JobId& job) { return {"c-" + tail_of(job.text)}; }
StepId step_of(const JobId& job) { return {"s-" + tail_of(job.text)}; }
ResultId result_of(const JobId& job) { return {"r-" + tail_of(job.text)}; }
NodeId node_of(const ClusterId& cluster, std::int64_t index) {
  return {fmt::format("n-{}-{}", tail_of(cluster.text), index)};
}
LeaseId lease_of(const ClusterId& cluster, std::int64_t index) {
  return {fmt::format("l-{}-{}", tail_of(cluster.text), index)};
}

std::string job_dir(const JobId& job) { return "/bdaas/jobs/" + job.text; }
std::string job_input(const JobId& job, std::size_t position) {
  return fmt::format("{}/input/{}", job_dir(job), position);
}
std::string job_input_dir(const JobId& job, std::size_t inputs) {
  return inputs == 1 ? job_input(job, 1) : job_dir(job) + "/input";
}
std::string job_output(const JobId& job) { return job_dir(job) + "/output"; }

bool machine_wanted(const ClusterRows& cluster, const Member& member) {
  return cluster.cluster.wish == ClusterWish::running && member.node.wanted &&
         cluster.cluster.status.state != ClusterState::terminating;
}

bool leaves(const Node& node) { return node.wanted && node.leaving_since.has_value(); }

bool comes_back(const Node& node) {
  return node.wanted && !node.leaving_since && !node.drain.empty();
}

void set_workers(Cluster& cluster, std::int64_t workers) {
  const auto before = std::max<std::int64_t>(1, cluster.spec.workers);
  cluster.memory.executors = cluster.memory.executors / before * workers;
  cluster.spec.workers = workers;
}

HistoryRow note_on(const Node& node, std::string source, std::string message) {
  HistoryRow row;
  row.kind = "nodes";
  row.subject = node.id.text;
  row.owner = node.owner.text;
  row.context = node.cluster.text;
  row.source = std::move(source);
  row.message = std::move(message);
  return row;
}

std::int64_t quorum(std::int64_t workers) {
  return workers <= 10 ? workers : workers - workers / 10;
}

Budget engine_budget(const ControlSettings& settings) {
  return {settings.engine_attempts, settings.unreachable_deadline};
}

Standing standing_of(const World& world, Effect effect, const std::string& subject, Budget budget) {
  const Intent* last = world.rows.intents().latest(effect, subject);
  if (last == nullptr) return Standing::none;
  switch (last->state) {
    case IntentState::done:
      return Standing::done;
    case IntentState::unknown:
      return Standing::unknown;
    case IntentState::pending:
      return world.facts.flying(effect, subject) ? Standing::pending : Standing::unknown;
    case IntentState::failed:
      break;
  }
  const bool spent =
      last->attempt >= budget.attempts && last->ended_at >= last->failing_since + budget.time;
  if (spent || !may_pass(last->error_kind)) return Standing::failed;
  return world.now < retry_at(world, effect, subject) ? Standing::waiting : Standing::retry;
}

Time retry_at(const World& world, Effect effect, const std::string& subject) {
  const Intent* last = world.rows.intents().latest(effect, subject);
  if (last == nullptr) return world.now;
  return last->ended_at +
         backoff(world.settings, last->attempt, subject, backoff_max_of(world.settings, effect));
}

Start start(const World& world, Effect effect, const std::string& subject) {
  const Intent* last = world.rows.intents().latest(effect, subject);
  const bool counts_on = last != nullptr && last->state != IntentState::done;
  return {effect, subject, counts_on ? last->attempt + 1 : 1};
}

Result<std::vector<std::string>> resolve_arguments(const std::vector<std::string>& args,
                                                   const std::string& input_dir,
                                                   const std::vector<std::string>& inputs,
                                                   const std::string& output) {
  if (args.empty()) {
    std::vector<std::string> all = inputs;
    all.push_back(output);
    return all;
  }
  std::vector<std::string> resolved;
  for (const auto& arg : args) {
    std::string text;
    std::size_t at = 0;
    while (at < arg.size()) {
      const auto close = arg.find('}', at);
      if (close == std::string::npos) break;
      const auto open = arg.rfind('{', close);  // the nearest: those before it are somebody's JSON
      const auto end = close + 1;
      if (open == std::string::npos || open < at) {
        text += arg.substr(at, end - at);
      } else {
        BDAAS_ASSIGN(const auto place, place_in({input_dir, inputs, output}, arg,
                                                arg.substr(open + 1, close - open - 1)));
        text += arg.substr(at, open - at) + place.value_or(arg.substr(open, end - open));
      }
      at = end;
    }
    resolved.push_back(text + arg.substr(at));
  }
  return resolved;
}

}  // namespace bdaas
