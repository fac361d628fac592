#include "control/deciders.h"

namespace bdaas {

namespace {

using S = JobState;

Move<Job> move(const Job& job, S to, Reason reason, std::string message = {}) {
  return {job, to, reason, "manager", std::move(message)};
}

// The outcome is known; what is left is to give back and tidy up.
Move<Job> finishing(Job job, S outcome, Reason reason, std::string message) {
  job.outcome = outcome;
  job.outcome_reason = reason;
  job.outcome_message = message;
  job.deadline = {};
  return move(job, S::finishing, reason, std::move(message));
}

std::string name_of(const Job& job) { return job.spec.name.empty() ? job.id.text : job.spec.name; }

void decide_submitted(const World& world, const Job& job, Decision& decision) {
  if (job.cancel_wanted) {
    decision.changes.push_back(finishing(job, S::cancelled, Reason::user_request, ""));
    return;
  }
  Job next = job;
  next.step = step_of(job.id);
  if (job.spec.cluster) {
    next.cluster = job.spec.cluster;
  } else {
    Cluster cluster;
    cluster.id = cluster_of(job.id);
    cluster.owner = job.owner;
    cluster.spec = job.spec.place;
    if (cluster.spec.name.empty()) cluster.spec.name = name_of(job);
    if (!job.spec.keep) cluster.job = job.id;
    cluster.created_at = world.now;
    next.cluster = cluster.id;
    decision.changes.push_back(Insert<Cluster>{cluster});
  }
  decision.changes.push_back(move(next, S::preparing, Reason::progress));
}

// Every input in order, in one HDFS directory; the step gets them by arguments and by environment.
void begin_step(const World& world, const Job& job, Decision& decision) {
  Step step;
  step.id = step_of(job.id);
  step.owner = job.owner;
  step.cluster = *job.cluster;
  step.job = job.id;
  step.spec.name = name_of(job);
  step.spec.program = job.spec.program;
  step.spec.main_class = job.spec.main_class;
  step.spec.timeout_ms = job.spec.timeout_ms;
  step.spec.settings = job.spec.place.settings;
  for (std::size_t i = 1; i <= job.spec.data.size(); ++i) {
    step.inputs.push_back(job_input(job.id, i));
  }
  step.output = job_output(job.id);
  step.created_at = world.now;
  auto args = resolve_arguments(job.spec.args, job_input_dir(job.id, step.inputs.size()),
                                step.inputs, step.output);
  if (!args) {
    decision.changes.push_back(
        finishing(job, S::failed, Reason::invalid_program, args.error().message));
    return;
  }
  step.spec.args = *std::move(args);
  Job next = job;
  next.data_loaded = true;
  decision.changes.push_back(Insert<Step>{step});
  decision.changes.push_back(move(next, S::running, Reason::progress));
}

void decide_preparing(const World& world, const Job& job, Decision& decision) {
  if (job.cancel_wanted) {
    decision.changes.push_back(finishing(job, S::cancelled, Reason::user_request, ""));
    return;
  }
  const ClusterRows* cluster = world.rows.cluster(*job.cluster);
  if (cluster == nullptr || cluster->cluster.wish == ClusterWish::terminated) {
    const bool known = cluster != nullptr;
    decision.changes.push_back(
        finishing(job, S::failed, known ? cluster->cluster.wish_reason : Reason::node_lost,
                  fmt::format("cluster {} ended before the program ran{}{}", job.cluster->text,
                              known && !cluster->cluster.wish_message.empty() ? ": " : "",
                              known ? cluster->cluster.wish_message : "")));
    return;
  }
  const ClusterState state = cluster->cluster.status.state;
  if (state != ClusterState::running && state != ClusterState::resizing) return;
  if (job.spec.data.empty()) return begin_step(world, job, decision);
  const std::string& subject = job.id.text;
  switch (standing_of(world, Effect::load_data, subject, engine_budget(world.settings))) {
    case Standing::none:
    case Standing::retry:
    case Standing::unknown:  // loading replaces what an earlier try left
      decision.changes.push_back(start(world, Effect::load_data, subject));
      break;
    case Standing::waiting:
      decision.at(retry_at(world, Effect::load_data, subject));
      break;
    case Standing::failed:
      decision.changes.push_back(
          finishing(job, S::failed, Reason::data_failed,
                    world.rows.intents().latest(Effect::load_data, subject)->error));
      break;
    case Standing::done:
      begin_step(world, job, decision);
      break;
    case Standing::pending:
      break;
  }
}

S outcome_of(StepState state) {
  if (state == StepState::succeeded) return S::succeeded;
  return state == StepState::cancelled ? S::cancelled : S::failed;
}

void decide_running(const World& world, const Job& job, Decision& decision) {
  const Step* step = world.rows.step(*job.step);
  if (step == nullptr) {
    decision.changes.push_back(
        finishing(job, S::failed, Reason::node_lost, "its cluster ended with the step"));
    return;
  }
  if (is_terminal(step->status.state)) {
    Job next = job;  // should its cluster end first, this is what is known of the program
    next.outcome = outcome_of(step->status.state);
    next.outcome_reason = step->status.reason;
    next.outcome_message = step->status.message;
    next.deadline = world.now + world.settings.output_deadline_max;
    decision.changes.push_back(
        move(next, S::collecting, step->status.reason, step->status.message));
    return;
  }
  if (job.cancel_wanted && !step->cancel_wanted) {
    Step cancelled = *step;
    cancelled.cancel_wanted = true;
    decision.changes.push_back(Update<Step>{cancelled});
  }
}

Move<Job> finish_as(const Job& job, const Step& step, const std::string& collect_error) {
  const std::string& message = step.status.message;
  const S outcome = outcome_of(step.status.state);
  if (outcome != S::succeeded) return finishing(job, outcome, step.status.reason, message);
  if (collect_error.empty()) return finishing(job, S::succeeded, Reason::none, "");
  return finishing(job, S::failed, Reason::data_failed,
                   "the program succeeded, but its result could not be fetched: " + collect_error);
}

// Until when the rest of the driver's output is waited for; absent: it is all here. The time moves
// on while something comes.
std::optional<Time> output_due(const World& world, const Job& job, const Step& step, bool hurry) {
  if (!step.driver_node) return std::nullopt;
  OutputSighting seen;
  const auto found = world.facts.outputs.find(step.id);
  if (found != world.facts.outputs.end()) seen = found->second;
  if (seen.ended) return std::nullopt;
  const bool packs = !step.exit_code && !hurry;
  const Millis quiet = packs ? world.settings.pack_deadline : world.settings.output_deadline;
  return std::min(job.deadline, std::max(seen.moved_at, job.status.since) + quiet);
}

void decide_collecting(const World& world, const Job& job, Decision& decision) {
  const Step* step = world.rows.step(*job.step);
  if (step == nullptr) {
    const bool lost = job.outcome == S::succeeded;
    decision.changes.push_back(
        lost ? finishing(job, S::failed, Reason::node_lost,
                         "the program succeeded, but its cluster ended before the result was "
                         "fetched")
             : finishing(job, job.outcome, job.outcome_reason, job.outcome_message));
    return;
  }
  // Who wants it no more does not wait long.
  const bool hurry = job.cancel_wanted || job.outcome == S::cancelled;
  const auto due = output_due(world, job, *step, hurry);
  if (due && world.now < *due) return decision.at(*due);
  const std::string& subject = job.id.text;
  const Budget budget =
      hurry ? Budget{world.settings.engine_attempts} : engine_budget(world.settings);
  switch (standing_of(world, Effect::collect, subject, budget)) {
    case Standing::none:
    case Standing::retry:
    case Standing::unknown:  // an archive is written beside and renamed: again is harmless
      decision.changes.push_back(start(world, Effect::collect, subject));
      break;
    case Standing::waiting:
      decision.at(retry_at(world, Effect::collect, subject));
      break;
    case Standing::failed:
      decision.changes.push_back(
          finish_as(job, *step, world.rows.intents().latest(Effect::collect, subject)->error));
      break;
    case Standing::done:
      decision.changes.push_back(finish_as(job, *step, ""));
      break;
    case Standing::pending:
      break;
  }
}

void end_job(const World& world, Job job, Decision& decision) {
  job.ended_at = world.now;
  decision.changes.push_back(
      Move<Job>{job, job.outcome, job.outcome_reason, "manager", job.outcome_message});
}

void decide_finishing(const World& world, const Job& job, Decision& decision) {
  // A transfer that still runs is told to stop by the loop; nothing is tidied up below it.
  if (world.facts.flying(Effect::load_data, job.id.text)) return;
  if (world.facts.flying(Effect::collect, job.id.text)) return;
  const ClusterRows* cluster = job.cluster ? world.rows.cluster(*job.cluster) : nullptr;
  if (cluster == nullptr) return end_job(world, job, decision);
  const bool own = cluster->cluster.job == job.id;
  if (own) {
    if (cluster->cluster.wish == ClusterWish::terminated) return;  // until it is gone
    Cluster done = cluster->cluster;
    done.wish = ClusterWish::terminated;
    done.wish_reason = Reason::job_done;
    decision.changes.push_back(Update<Cluster>{done});
    return;
  }
  if (cluster->cluster.wish == ClusterWish::terminated) return end_job(world, job, decision);
  const std::string& subject = job.id.text;
  switch (standing_of(world, Effect::clean_up, subject, {world.settings.engine_attempts})) {
    case Standing::none:
    case Standing::retry:
    case Standing::unknown:
      decision.changes.push_back(start(world, Effect::clean_up, subject));
      break;
    case Standing::waiting:
      decision.at(retry_at(world, Effect::clean_up, subject));
      break;
    case Standing::failed:  // its files go with the cluster; the job's outcome stands
    case Standing::done:
      end_job(world, job, decision);
      break;
    case Standing::pending:
      break;
  }
}

}  // namespace

Decision decide_job(const World& world, const Job& job) {
  Decision decision;
  switch (job.status.state) {
    case S::submitted:
      decide_submitted(world, job, decision);
      break;
    case S::preparing:
      decide_preparing(world, job, decision);
      break;
    case S::running:
      decide_running(world, job, decision);
      break;
    case S::collecting:
      decide_collecting(world, job, decision);
      break;
    case S::finishing:
      decide_finishing(world, job, decision);
      break;
    default:
      break;
  }
  return decision;
}

}  // namespace bdaas
