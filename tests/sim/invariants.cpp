#include "invariants.h"

namespace bdaas {

namespace {

// Calls under way at once: far above what any run needs, far below a leak.
constexpr std::size_t kInFlightMax = 100;
// A machine without a lease that still lives is the reaper's; he must have had the time.
constexpr Millis kReaperTime{10 * 60'000};
// A machine that every list has shown for so long cannot be lost.
constexpr Millis kListedLong{20'000};

}  // namespace

void Invariants::check() {
  check_notes_of_the_fakes();
  const auto& events = house_->store.events();
  for (; events_seen_ < events.size(); ++events_seen_) check_event(events[events_seen_]);
  check_machines();
  if (house_->in_flight() > kInFlightMax) violated("{} calls in flight", house_->in_flight());
}

void Invariants::check_notes_of_the_fakes() {
  for (const auto& notes :
       {scene_->cloud.violations(), house_->service.violations(), house_->links.violations()}) {
    if (!notes.empty()) violated("{}", notes.front());
  }
}

template <class State>
void Invariants::check_edge(const HistoryRow& row) {
  std::string& known = states_[row.subject];
  const auto to = from_text<State>(row.to);
  const auto from = from_text<State>(row.from);
  if (known != row.from) violated("{} was {}, not {}", row.subject, known, row.from);
  if (!to || (!row.from.empty() && (!from || !may_move(*from, *to)))) {
    violated("{} went from {} to {}", row.subject, row.from, row.to);
  }
  known = row.to;
}

void Invariants::check_event(const HistoryRow& row) {
  if (row.from.empty() && row.to.empty()) return;  // a note
  scene_->trace("{} {} {} → {} ({}{}{})", house_->id().text, row.subject, row.from, row.to,
                to_text(row.reason), row.message.empty() ? "" : ": ", row.message);
  if (row.kind == NounTraits<Cluster>::table) {
    check_edge<ClusterState>(row);
    if (row.to.starts_with("Terminated")) check_cluster_end(ClusterId{row.subject});
  } else if (row.kind == NounTraits<Lease>::table) {
    check_edge<LeaseState>(row);
    check_lease_state(row);
    const bool given_back =
        row.from == to_text(LeaseState::ready) && row.to == to_text(LeaseState::releasing);
    if (given_back) check_leaver(LeaseId{row.subject});
  } else if (row.kind == NounTraits<Step>::table) {
    check_edge<StepState>(row);
    if (row.to == to_text(StepState::succeeded)) check_step_end(StepId{row.subject});
  } else if (row.kind == NounTraits<Job>::table) {
    check_edge<JobState>(row);
    if (is_terminal(*from_text<JobState>(row.to))) check_job_end(JobId{row.subject});
  }
}

void Invariants::check_cluster_end(const ClusterId& id) {
  Query below;
  below.parent = id.text;
  for (const auto& lease : house_->store.all<Lease>(below)) {
    if (!is_terminal(lease.status.state)) {
      violated("{} ended, but {} is {}", id.text, lease.id.text, to_text(lease.status.state));
    }
  }
}

void Invariants::check_job_end(const JobId& id) {
  const auto job = house_->store.get<Job>(id);
  if (job->status.state == JobState::failed &&
      (job->status.reason == Reason::none || job->status.message.empty())) {
    violated("{} failed without a reason", id.text);
  }
  if (job->status.state != JobState::succeeded) return;
  const auto step = house_->store.get<Step>(*job->step);
  if (!step || step->status.state != StepState::succeeded) {
    violated("{} succeeded, but its step did not", id.text);
  }
  if (!job->result || !house_->store.get<JobResult>(*job->result)) {
    violated("{} succeeded without a result", id.text);
  }
}

void Invariants::check_step_end(const StepId& id) {
  const auto step = house_->store.get<Step>(id);
  const auto running = house_->service.living_runs();
  const auto processes = house_->links.running_steps();
  const bool lives = std::count(running.begin(), running.end(), id) > 0 ||
                     std::count(processes.begin(), processes.end(), id) > 0;
  if (lives) violated("{} succeeded, but it still runs", id.text);
  if (step->handle != kProcessHandle && house_->service.times_submitted(id) != 1) {
    violated("{} succeeded after {} submissions", id.text, house_->service.times_submitted(id));
  }
}

void Invariants::check_lease_state(const HistoryRow& row) {
  for (const auto& [machine_id, life] : house_->living()) {
    if (life.machine.request.token.text != row.subject) continue;
    if (row.to == to_text(LeaseState::released)) {
      violated("{} is released, but {} lives", row.subject, machine_id);
    }
    const bool listed = life.machine.listed_from + kListedLong < scene_->clock.now();
    if (row.to == to_text(LeaseState::lost) && listed) {
      violated("{} is lost, but {} lives and is listed", row.subject, machine_id);
    }
  }
}

// What a resize takes away is released when the engine has let go of it, unless it was lost or the
// cluster ends.
void Invariants::check_leaver(const LeaseId& id) {
  const auto node = house_->store.get<Node>(house_->store.get<Lease>(id)->node);
  const auto cluster = house_->store.get<Cluster>(node->cluster);
  if (!node->leaving_since || cluster->wish != ClusterWish::running) return;
  const bool failed =
      std::any_of(node->daemons.begin(), node->daemons.end(),
                  [](const auto& daemon) { return daemon.state == DaemonState::failed; });
  if (failed || !node->ready_at || !node->plan_error.empty()) return;
  if (!house_->service.has_let_go(node->id)) {
    violated("{} was released, but the engine has not let go of it", node->id.text);
  }
}

void Invariants::check_reaped(const FakeMachine& stray) {
  const Time since = std::max(stray.listed_from, house_->up_since());
  if (house_->up() && scene_->clock.now() > since + kReaperTime) {
    violated("{} was never reaped", stray.request.token.text);
  }
}

void Invariants::check_machines() {
  std::set<LeaseId> tokens;
  for (const auto& [machine_id, life] : house_->living()) {
    const LeaseId& token = life.machine.request.token;
    if (!tokens.insert(token).second) violated("{} has two living machines", token.text);
    if (token.text.starts_with(kStrayPrefix)) {
      check_reaped(life.machine);
      continue;
    }
    const auto lease = house_->store.get<Lease>(token);
    if (!lease) {
      violated("{} lives without a lease ({})", machine_id, token.text);
      continue;
    }
    if (!is_terminal(lease->status.state) || !house_->up()) continue;
    const Time since = std::max(lease->status.since, house_->up_since());
    if (scene_->clock.now() > since + kReaperTime) {
      violated("{} lives although {} is {}", machine_id, token.text, to_text(lease->status.state));
    }
  }
}

void Invariants::check_rows_agree() {
  for (const auto& node : house_->store.all<Node>()) {
    const auto lease = house_->store.get<Lease>(node.lease);
    if (lease->status.state != LeaseState::ready || !node.connected) continue;
    const auto daemons = house_->links.daemons_of(node.id);
    for (const auto& status : node.daemons) {
      const auto truth = daemons.find(status.name);
      if (truth == daemons.end() || truth->second != status.state) {
        violated("the row of {} says that {} is {}, the agent does not", node.id.text, status.name,
                 to_text(status.state));
      }
    }
  }
}

template <class N>
void Invariants::check_ended() {
  for (const auto& row : house_->store.all<N>()) {
    if (!is_terminal(row.status.state)) {
      violated("{} is still {} ({})", row.id.text, to_text(row.status.state), row.status.message);
    }
  }
}

void Invariants::check_work_ended() {
  check_ended<Job>();
  check_ended<Step>();
}

void Invariants::check_end() {
  check_work_ended();
  check_ended<Cluster>();
  check_ended<Lease>();
  for (const auto& [machine_id, life] : house_->living()) {
    violated("{} ({}) lives at the end", machine_id, life.machine.request.token.text);
  }
  for (const auto& step : house_->service.living_runs()) violated("{} runs at the end", step.text);
  if (house_->spool.open_streams() > 0)
    violated("{} streams are open", house_->spool.open_streams());
  const auto pending = house_->store.count("intents", to_text(IntentState::pending));
  if (pending > 0) violated("{} intents are pending for ever", pending);
}

}  // namespace bdaas
