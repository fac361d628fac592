#include "cli/run/model.h"

#include <algorithm>

namespace bdaas::cli {

namespace {

// Later states of a job; several of them may be passed unseen between two looks.
int rank_of(JobState state) {
  switch (state) {
    case JobState::submitted:
      return 0;
    case JobState::preparing:
      return 1;
    case JobState::running:
      return 2;
    case JobState::collecting:
      return 3;
    case JobState::finishing:
      return 4;
    case JobState::succeeded:
    case JobState::failed:
    case JobState::cancelled:
      return 5;
  }
  return 0;
}

std::string_view words_of(ClusterState state) {
  switch (state) {
    case ClusterState::requested:
    case ClusterState::provisioning:
      return "renting machines";
    case ClusterState::bootstrapping:
      return "starting agents";
    case ClusterState::starting:
      return "starting daemons";
    default:
      return {};
  }
}

class Reducer {
 public:
  Reducer(RunModel& model, Time now) : model_(model), now_(now) {}

  std::vector<RunChange> take() { return std::move(changes_); }

  void operator()(const PhaseBegan& input) { begin(input.phase, now_, input.detail); }
  void operator()(const PhaseEnded& input) {
    end(input.phase, now_, input.ok ? PhaseState::done : PhaseState::failed);
  }
  void operator()(const PhaseProgress& input) {
    auto& phase = model_.phase(input.phase);
    phase.bytes_done = input.bytes_done;
    phase.bytes_total = input.bytes_total;
    if (!input.detail.empty()) describe(input.phase, input.detail);
  }

  void operator()(const JobSeen& input) {
    const Job& job = input.job;
    if (model_.job.empty()) {
      model_.job = job.id;
      changes_.push_back(JobKnown{job.id});
    }
    if (job.cluster) model_.cluster = *job.cluster;
    if (job.result) model_.result = *job.result;
    const int rank = rank_of(job.status.state);
    model_.state = job.status.state;
    job_entered(job.status.state, job.status.since);
    if (job.data_loaded) end(Phase::data, now_);
    if (rank >= 4 && model_.result.empty()) {
      end(Phase::result, job.status.since, PhaseState::failed);
    }
    if (rank == 5 && !model_.end) {
      model_.end = JobEnd{job.status.state, job.outcome_reason,
                          job.outcome_message.empty() ? job.status.message : job.outcome_message};
    }
  }

  void operator()(const ClusterSeen& input) {
    if (model_.borrows) return;  // its states are not ours
    cluster_entered(input.cluster.status.state, input.cluster.status.since);
  }

  void operator()(const StepSeen& input) {
    model_.step = input.step.id;
    model_.last_lines = input.step.last_lines;
    step_entered(input.step.status.state, input.step.status.since);
  }

  void operator()(const EventSeen& input) {
    const auto& event = input.event;
    if (event.from.empty() && event.to.empty()) {
      if (!event.message.empty()) changes_.push_back(Noted{event.message});
    } else if (event.subject == model_.job.text) {
      if (const auto state = from_text<JobState>(event.to)) job_entered(*state, event.at);
    } else if (event.kind == "clusters") {
      if (const auto state = from_text<ClusterState>(event.to)) cluster_entered(*state, event.at);
    } else if (event.kind == "steps") {
      if (const auto state = from_text<StepState>(event.to)) step_entered(*state, event.at);
    }
  }

  void operator()(const NodesSeen& input) {
    for (const auto& node : input.nodes) {
      const auto known = std::find_if(model_.nodes.begin(), model_.nodes.end(),
                                      [&](const NodeView& n) { return n.name == node.name; });
      if (known == model_.nodes.end() || *known != node) changes_.push_back(NodeChanged{node});
    }
    model_.nodes = input.nodes;
  }

  void operator()(const StagesSeen& input) {
    for (const auto& stage : input.stages) {
      const auto known = std::find_if(model_.stages.begin(), model_.stages.end(),
                                      [&](const Stage& s) { return s.id == stage.id; });
      if (known == model_.stages.end() || known->done != stage.done ||
          known->state != stage.state) {
        changes_.push_back(StageChanged{stage});
      }
    }
    model_.stages = input.stages;
  }

  void operator()(const OutputSeen& input) {
    changes_.push_back(OutputArrived{input.stream, input.text});
  }

  void operator()(const ArchiveSaved& input) {
    model_.archive = input.archive;
    end(Phase::result, now_);
  }

  void operator()(const CancelAsked&) {
    if (model_.cancel_asked) return;
    model_.cancel_asked = true;
    changes_.push_back(Noted{"cancelling; press Ctrl-C again to leave it to the manager"});
  }

  void operator()(const CancelTaken&) { model_.cancel_taken = true; }

  void operator()(const TroubleSeen& input) {
    if (model_.trouble == input.message) return;
    model_.trouble = input.message;
    changes_.push_back(Noted{input.message.empty() ? "the manager answers again" : input.message});
  }

 private:
  void begin(Phase which, Time at, std::string detail = {}) {
    auto& phase = model_.phase(which);
    if (phase.state != PhaseState::pending) return;
    phase.state = PhaseState::running;
    phase.began = at;
    phase.detail = std::move(detail);
    changes_.push_back(PhaseChanged{phase});
  }

  void end(Phase which, Time at, PhaseState how = PhaseState::done) {
    auto& phase = model_.phase(which);
    if (phase.state != PhaseState::running) return;
    phase.state = how;
    phase.ended = at;
    phase.detail.clear();
    changes_.push_back(PhaseChanged{phase});
  }

  void describe(Phase which, std::string_view detail) {
    auto& phase = model_.phase(which);
    if (phase.state != PhaseState::running || phase.detail == detail) return;
    phase.detail = detail;
    changes_.push_back(PhaseChanged{phase});
  }

  void job_entered(JobState state, Time at);
  void cluster_entered(ClusterState state, Time at);
  void step_entered(StepState state, Time at);

  RunModel& model_;
  Time now_;
  std::vector<RunChange> changes_;
};

void Reducer::job_entered(JobState state, Time at) {
  const int rank = rank_of(state);
  if (rank == 1) {
    begin(model_.borrows ? Phase::data : Phase::cluster, at);
  }
  if (rank == 2 || rank == 3) {  // reached only by way of success
    end(Phase::cluster, at);
    end(Phase::data, at);
  }
  if (rank == 2) begin(Phase::program, at);
  if (rank == 3) {
    end(Phase::program, at);
    begin(Phase::result, at);
  }
  if (rank >= 4) {  // what still runs was cut off
    for (const auto cut : {Phase::cluster, Phase::data, Phase::program}) {
      end(cut, at, PhaseState::failed);
    }
    if (rank == 4) begin(Phase::clean_up, at);
  }
  if (rank == 5) end(Phase::clean_up, at);
}

void Reducer::cluster_entered(ClusterState state, Time at) {
  if (state == ClusterState::running) {
    end(Phase::cluster, at);
    if (model_.has_data) begin(Phase::data, at);
    return;
  }
  if (const auto words = words_of(state); !words.empty()) describe(Phase::cluster, words);
}

void Reducer::step_entered(StepState state, Time at) {
  switch (state) {
    case StepState::starting:
      begin(Phase::program, at, "starting the driver");
      break;
    case StepState::running:
      begin(Phase::program, at);
      describe(Phase::program, "");
      break;
    case StepState::unreachable:
      describe(Phase::program, "the cluster does not answer");
      break;
    case StepState::cancelling:
      describe(Phase::program, "stopping");
      break;
    case StepState::succeeded:
      end(Phase::program, at);
      break;
    case StepState::failed:
    case StepState::cancelled:
      end(Phase::program, at, PhaseState::failed);
      break;
    case StepState::submitted:
    case StepState::waiting_for_cluster:
      break;
  }
}

}  // namespace

Millis PhaseView::took(Time now) const {
  if (state == PhaseState::pending) return Millis{0};
  const Time until = state == PhaseState::running ? now : ended;
  return std::max(Millis{0}, std::chrono::duration_cast<Millis>(until - began));
}

std::array<PhaseView, kPhaseCount> RunModel::no_phases() {
  std::array<PhaseView, kPhaseCount> phases;
  for (std::size_t i = 0; i < kPhaseCount; ++i) phases[i].phase = static_cast<Phase>(i);
  return phases;
}

NodeView view_of(const Node& node) {
  NodeView view;
  view.name =
      node.role == NodeRole::master ? std::string("master") : fmt::format("worker-{}", node.index);
  const auto count = [&](DaemonState state) {
    return std::count_if(node.daemons.begin(), node.daemons.end(),
                         [&](const DaemonStatus& daemon) { return daemon.state == state; });
  };
  view.ready = node.ready;
  view.failed = count(DaemonState::failed) > 0 || !node.plan_error.empty();
  if (view.failed) {
    view.state = "failed";
  } else if (node.ready) {
    view.state = "ready";
  } else if (!node.connected) {
    view.state = "waiting for its agent";
  } else {
    view.state =
        fmt::format("{} of {} daemons ready", count(DaemonState::ready), node.daemons.size());
  }
  return view;
}

std::vector<RunChange> reduce(RunModel& model, const RunInput& input, Time now) {
  Reducer reducer(model, now);
  std::visit(reducer, input);
  return reducer.take();
}

}  // namespace bdaas::cli
