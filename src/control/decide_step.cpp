#include "control/deciders.h"

namespace bdaas {

namespace {

using S = StepState;

Move<Step> move(const Step& step, S to, Reason reason, std::string message = {},
                std::string source = "manager") {
  return {step, to, reason, std::move(source), std::move(message)};
}

Move<Step> finish(const World& world, Step step, S to, Reason reason, std::string message,
                  std::string source = "manager") {
  step.ended_at = world.now;
  step.deadline = {};
  return move(step, to, reason, std::move(message), std::move(source));
}

// The failure in the program's own words: the engine's diagnostics first, then what its stderr
// ended with.
std::string failure_text(const Step& step, const std::string& diagnostics) {
  std::string text = diagnostics;
  const auto code = step.exit_code ? fmt::format("exit code {}", *step.exit_code) : std::string();
  if (step.exit_code.value_or(0) != 0 && text.find(code) == text.npos) {
    text += fmt::format("{}{}", text.empty() ? "" : "; ", code);
  }
  if (!step.last_lines.empty()) {
    text += fmt::format("{}its last lines:\n{}", text.empty() ? "" : "; ", step.last_lines);
  }
  return text.empty() ? "the engine gave no cause" : text;
}

bool cluster_is_ending(const ClusterRows& cluster) {
  return cluster.cluster.wish == ClusterWish::terminated ||
         cluster.cluster.status.state == ClusterState::terminating;
}

std::string why_ending(const ClusterRows& cluster) {
  const Cluster& row = cluster.cluster;
  return fmt::format("cluster {} is ending ({}){}{}", row.id.text, to_text(row.wish_reason),
                     row.wish_message.empty() ? "" : ": ", row.wish_message);
}

Move<Step> end_with_cluster(const World& world, const ClusterRows& cluster, const Step& step) {
  return finish(world, step, S::failed, cluster.cluster.wish_reason, why_ending(cluster));
}

bool occupies(S state) {
  return state == S::starting || state == S::running || state == S::unreachable ||
         state == S::cancelling;
}

// Steps run one at a time, in the order they came.
bool its_turn(const ClusterRows& cluster, const Step& step) {
  for (const auto& [id, other] : cluster.steps) {
    if (id == step.id) continue;
    if (occupies(other.status.state)) return false;
    const bool waits = !is_terminal(other.status.state);
    if (waits && std::tie(other.created_at, other.id) < std::tie(step.created_at, step.id)) {
      return false;
    }
  }
  return true;
}

void ask(const World& world, const Step& step, Decision& decision) {
  if (world.facts.flying(Effect::poll_step, step.id.text)) return;
  const auto seen = world.facts.runs.find(step.id);
  const Time next = seen == world.facts.runs.end()
                        ? world.now
                        : seen->second.asked_at + world.settings.poll_interval;
  if (world.now >= next) {
    decision.changes.push_back(start(world, Effect::poll_step, step.id.text));
  } else {
    decision.at(next);
  }
}

const RunSighting* sighting(const World& world, const Step& step) {
  const auto found = world.facts.runs.find(step.id);
  return found == world.facts.runs.end() ? nullptr : &found->second;
}

void decide_waiting(const World& world, const ClusterRows& cluster, const Step& step,
                    Decision& decision) {
  if (cluster_is_ending(cluster)) {
    decision.changes.push_back(end_with_cluster(world, cluster, step));
    return;
  }
  const ClusterState state = cluster.cluster.status.state;
  const bool usable = state == ClusterState::running || state == ClusterState::resizing;
  if (!usable || !its_turn(cluster, step)) return;
  Step starting = step;
  starting.started_at = world.now;
  if (step.spec.timeout_ms.count() > 0) starting.deadline = world.now + step.spec.timeout_ms;
  decision.changes.push_back(move(starting, S::starting, Reason::progress));
}

// Submitted, perhaps: find() tells. Found → goes on; not found in an answer younger than the call →
// it may be sent again.
void resolve_unknown_submit(const World& world, const Step& step, Decision& decision) {
  const Intent* intent = world.rows.intents().latest(Effect::submit_step, step.id.text);
  const auto* seen = sighting(world, step);
  const Time since = std::max(intent->created_at, intent->ended_at);
  if (seen == nullptr || seen->at <= since) return ask(world, step, decision);
  Intent settled = *intent;
  settled.ended_at = world.now;
  if (seen->run.state == RunState::not_found) {
    settled.state = IntentState::failed;
    settled.error_kind = ErrorKind::unavailable;
    settled.error = "no answer, and the engine does not know the step";
  } else {
    settled.state = IntentState::done;
  }
  decision.changes.push_back(Settle{settled});
}

// Whose fault it is that it could not be submitted.
Reason reason_of_refusal(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::failed_precondition:
      return Reason::invalid_program;
    case ErrorKind::resource_exhausted:
      return Reason::out_of_disk;
    case ErrorKind::internal:
      return Reason::internal_error;
    default:
      return Reason::daemon_failed;
  }
}

void decide_starting(const World& world, const Step& step, Decision& decision) {
  const std::string& subject = step.id.text;
  switch (standing_of(world, Effect::submit_step, subject, engine_budget(world.settings))) {
    case Standing::none:
    case Standing::retry:
      decision.changes.push_back(start(world, Effect::submit_step, subject));
      break;
    case Standing::waiting:
      decision.at(retry_at(world, Effect::submit_step, subject));
      break;
    case Standing::failed: {
      const Intent* intent = world.rows.intents().latest(Effect::submit_step, subject);
      decision.changes.push_back(
          finish(world, step, S::failed, reason_of_refusal(intent->error_kind), intent->error));
      break;
    }
    case Standing::unknown:
      resolve_unknown_submit(world, step, decision);
      break;
    case Standing::done:
      decision.changes.push_back(move(step, S::running, Reason::progress, step.handle, "engine"));
      break;
    case Standing::pending:
      break;
  }
}

void settle_by_sighting(const World& world, const Step& step, const RunSighting& seen,
                        Decision& decision) {
  Step known = step;
  known.handle = seen.run.handle.empty() ? step.handle : seen.run.handle;
  known.tracking_url = seen.run.tracking_url.empty() ? step.tracking_url : seen.run.tracking_url;
  known.progress = seen.run.progress;
  switch (seen.run.state) {
    case RunState::succeeded:
      known.progress = 1;
      decision.changes.push_back(
          finish(world, known, S::succeeded, Reason::progress, "", "engine"));
      break;
    case RunState::failed:
      decision.changes.push_back(finish(world, known, S::failed, Reason::program_failed,
                                        failure_text(known, seen.run.diagnostics), "engine"));
      break;
    case RunState::cancelled:
      decision.changes.push_back(finish(
          world, known, S::failed, Reason::program_failed,
          "it was killed in the engine, not by this manager: " + seen.run.diagnostics, "engine"));
      break;
    case RunState::not_found:
      decision.changes.push_back(finish(world, known, S::failed, Reason::outcome_unknown,
                                        "the engine does not know it any more", "engine"));
      break;
    case RunState::accepted:
    case RunState::running:
      if (step.status.state == S::unreachable) {
        decision.changes.push_back(move(known, S::running, Reason::progress, "", "engine"));
      } else if (known.handle != step.handle || known.tracking_url != step.tracking_url ||
                 known.progress != step.progress) {
        decision.changes.push_back(Update<Step>{known});
      }
      break;
  }
}

// An order to an agent may be lost with its link; the agent takes it once, however often it is
// given. Until the agent's report shows that it was taken it is given again.
void order_again(const World& world, Effect effect, const Step& step, Millis pause,
                 Decision& decision) {
  const Intent* last = world.rows.intents().latest(effect, step.id.text);
  if (last == nullptr || world.facts.flying(effect, step.id.text)) return;
  const Time again = std::max(last->created_at, last->ended_at) + pause;
  if (world.now >= again) {
    decision.changes.push_back(start(world, effect, step.id.text));
  } else {
    decision.at(again);
  }
}

// A step that is a process of the master's agent: its end comes as a report, into the row.
bool decide_process(const World& world, const Step& step, Decision& decision) {
  if (step.handle != kProcessHandle) return false;
  if (!step.exit_code) {
    if (!step.driver_node) {
      order_again(world, Effect::submit_step, step, world.settings.order_again, decision);
    }
    return true;
  }
  if (*step.exit_code == 0) {
    decision.changes.push_back(finish(world, step, S::succeeded, Reason::progress, "", "agent"));
  } else {
    decision.changes.push_back(
        finish(world, step, S::failed, Reason::program_failed, failure_text(step, ""), "agent"));
  }
  return true;
}

void decide_running(const World& world, const ClusterRows& cluster, const Step& step,
                    Decision& decision) {
  if (step.deadline != Time{} && world.now >= step.deadline) {
    Step late = step;
    late.cancel_wanted = true;
    late.cancel_reason = Reason::timed_out;
    late.deadline = world.now + world.settings.cancel_deadline;
    decision.changes.push_back(
        move(late, S::cancelling, Reason::timed_out,
             fmt::format("longer than its time-out of {}", human_duration(step.spec.timeout_ms))));
    return;
  }
  if (step.deadline != Time{}) decision.at(step.deadline);
  if (cluster_is_ending(cluster)) {
    decision.changes.push_back(end_with_cluster(world, cluster, step));
    return;
  }
  if (decide_process(world, step, decision)) return;
  const auto* seen = sighting(world, step);
  if (seen != nullptr && seen->at >= step.status.since && seen->error.empty()) {
    settle_by_sighting(world, step, *seen, decision);
    if (!decision.changes.empty()) return;
  }
  const Time silent_since =
      seen == nullptr ? step.status.since : std::max(seen->at, step.status.since);
  const bool unreachable = step.status.state == S::unreachable;
  const Time limit = silent_since + (unreachable ? world.settings.unreachable_deadline
                                                 : world.settings.unreachable_after);
  if (world.now >= limit) {
    const std::string why = seen == nullptr ? std::string("no answer") : seen->error;
    decision.changes.push_back(
        unreachable ? finish(world, step, S::failed, Reason::outcome_unknown,
                             fmt::format("the engine was silent for {}: {}",
                                         human_duration(world.settings.unreachable_deadline), why))
                    : move(step, S::unreachable, Reason::progress, why, "engine"));
    return;
  }
  decision.at(limit);
  ask(world, step, decision);
}

S end_of_cancelling(const Step& step) {
  return step.cancel_reason == Reason::timed_out ? S::failed : S::cancelled;
}

// Whether it is certain that nothing of it runs.
bool is_gone(const World& world, const Step& step) {
  const std::string& subject = step.id.text;
  if (standing_of(world, Effect::submit_step, subject, {1}) == Standing::none) return true;
  if (step.handle == kProcessHandle) return step.exit_code.has_value();
  const auto* seen = sighting(world, step);
  return seen != nullptr && seen->at > step.status.since && seen->error.empty() &&
         seen->run.state != RunState::accepted && seen->run.state != RunState::running;
}

// Stops whatever carries the step's mark, until the engine has taken that. An order to an agent is
// given again after each pause.
void kill(const World& world, const Step& step, Millis pause, Decision& decision) {
  const std::string& subject = step.id.text;
  switch (standing_of(world, Effect::cancel_step, subject, kForEver)) {
    case Standing::none:
    case Standing::retry:
    case Standing::unknown:
      if (standing_of(world, Effect::submit_step, subject, {1}) == Standing::pending) return;
      decision.changes.push_back(start(world, Effect::cancel_step, subject));
      break;
    case Standing::waiting:
      decision.at(retry_at(world, Effect::cancel_step, subject));
      break;
    case Standing::done:
      if (step.handle == kProcessHandle) {
        order_again(world, Effect::cancel_step, step, pause, decision);
      }
      break;
    case Standing::pending:
    case Standing::failed:
      break;
  }
}

// Nobody said that it ended.
Move<Step> give_up_cancelling(const World& world, const Step& step) {
  const Intent* cancel = world.rows.intents().latest(Effect::cancel_step, step.id.text);
  const auto* seen = sighting(world, step);
  std::string why = "the engine did not say that it ended";
  if (cancel != nullptr && !cancel->error.empty()) {
    why = cancel->error;
  } else if (seen != nullptr && !seen->error.empty()) {
    why = seen->error;
  }
  const bool timed_out = step.cancel_reason == Reason::timed_out;
  return finish(world, step, end_of_cancelling(step),
                timed_out ? Reason::timed_out : Reason::outcome_unknown,
                fmt::format("{}{}whether it still runs is not known: {}", step.status.message,
                            step.status.message.empty() ? "" : "; ", why));
}

void decide_cancelling(const World& world, const ClusterRows& cluster, const Step& step,
                       Decision& decision) {
  if (is_gone(world, step) || cluster_is_ending(cluster)) {
    const bool timed_out = step.cancel_reason == Reason::timed_out;
    decision.changes.push_back(finish(world, step, end_of_cancelling(step), step.cancel_reason,
                                      timed_out ? step.status.message : std::string()));
    return;
  }
  if (world.now >= step.deadline) {
    decision.changes.push_back(give_up_cancelling(world, step));
    return;
  }
  decision.at(step.deadline);
  kill(world, step, world.settings.order_again, decision);
  const auto standing = standing_of(world, Effect::cancel_step, step.id.text, kForEver);
  const bool said = standing == Standing::done || standing == Standing::failed;
  if (said && step.handle != kProcessHandle) ask(world, step, decision);
}

// A step that was given up while it may still run: it is stopped as soon as somebody listens, for
// it takes room from the programs after it.
void decide_ended(const World& world, const ClusterRows& cluster, const Step& step,
                  Decision& decision) {
  if (!step.cancel_wanted || cluster_is_ending(cluster) || is_gone(world, step)) return;
  if (world.rows.intents().latest(Effect::cancel_step, step.id.text) == nullptr) return;
  kill(world, step, world.settings.unreachable_deadline, decision);
}

}  // namespace

Decision decide_step(const World& world, const ClusterRows& cluster, const Step& step) {
  Decision decision;
  const S state = step.status.state;
  if (is_terminal(state)) {
    decide_ended(world, cluster, step, decision);
    return decision;
  }
  if (step.cancel_wanted && state != S::cancelling) {
    Step cancelling = step;
    cancelling.deadline = world.now + world.settings.cancel_deadline;
    decision.changes.push_back(move(cancelling, S::cancelling, step.cancel_reason, "", "user"));
    return decision;
  }
  switch (state) {
    case S::submitted:
      decision.changes.push_back(move(step, S::waiting_for_cluster, Reason::progress));
      break;
    case S::waiting_for_cluster:
      decide_waiting(world, cluster, step, decision);
      break;
    case S::starting:
      if (cluster_is_ending(cluster)) {
        decision.changes.push_back(end_with_cluster(world, cluster, step));
      } else {
        decide_starting(world, step, decision);
      }
      break;
    case S::running:
    case S::unreachable:
      decide_running(world, cluster, step, decision);
      break;
    case S::cancelling:
      decide_cancelling(world, cluster, step, decision);
      break;
    default:
      break;
  }
  return decision;
}

}  // namespace bdaas
