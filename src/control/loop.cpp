#include "control/loop.h"

#include <algorithm>

#include "control/observe.h"

namespace bdaas {

namespace {

// Deciding again and again must come to rest; if it does not, it is a bug of ours, and the loop
// goes on by the clock.
constexpr int kDecisionsMax = 200;

void append(Decision& all, Decision one) {
  for (auto& change : one.changes) all.changes.push_back(std::move(change));
  if (one.look_again) all.at(*one.look_again);
}

// What an earlier manager asked for and that is about no row: the release of a stray machine.
// Should the machine still live, the lists show it.
Result<Changes> intents_of_nobody(const Rows& rows, Time now) {
  Query query;
  query.states = {std::string(to_text(IntentState::pending))};
  BDAAS_ASSIGN(const auto pending, rows.store().list<Intent>(query));
  Changes changes;
  for (Intent intent : pending) {
    if (rows.intents().latest(intent.effect, intent.subject) != nullptr) continue;
    intent.state = IntentState::unknown;
    intent.error = "the manager that asked for it has ended";
    intent.ended_at = now;
    changes.push_back(Settle{intent});
  }
  return changes;
}

}  // namespace

ControlLoop::ControlLoop(Store& store, Seams seams, EffectRunner& runner, const Clock& clock,
                         ControlSettings settings, Log log, std::function<void()> wake,
                         Deciders deciders)
    : rows_(store),
      seams_(std::move(seams)),
      runner_(&runner),
      clock_(&clock),
      settings_(settings),
      log_(std::move(log)),
      wake_(std::move(wake)),
      deciders_(std::move(deciders)),
      links_(seams_, settings.full_pass, log_) {
  facts_.installation = seams_.installation;
  for (const auto& [name, provider] : seams_.providers) provider_names_.push_back(name);
}

Result<> ControlLoop::recover() {
  BDAAS_TRY(rows_.load());
  Changes changes;
  for (const auto& [id, cluster] : rows_.clusters()) {
    for (const auto& [index, member] : cluster.members) {
      // Nobody has been dialled yet: a silence is counted anew.
      if (member.lease.status.state == LeaseState::ready && member.lease.deadline != Time{}) {
        Lease lease = member.lease;
        lease.deadline = {};
        changes.push_back(Update<Lease>{lease});
      }
      if (!member.node.connected) continue;
      Node node = member.node;
      node.connected = false;
      changes.push_back(Update<Node>{node});
    }
  }
  BDAAS_ASSIGN(auto unheard, intents_of_nobody(rows_, now()));
  changes.insert(changes.end(), unheard.begin(), unheard.end());
  return rows_.apply(changes, now());
}

void ControlLoop::post(Outcome outcome) {
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(outcome));
  }
  wake_();
}

Result<Time> ControlLoop::turn() {
  BDAAS_TRY(take_outcomes());
  BDAAS_TRY(take_link_events());
  forget_the_ended(rows_, facts_);
  bool changed = true;
  for (int i = 0; changed; ++i) {
    if (i == kDecisionsMax) {
      log_.error("the deciders did not come to rest in {} rounds", kDecisionsMax);
      break;
    }
    // First the links: what they find out (that all output has come) is decided upon in this turn.
    const Changes broken_plans = links_.sync(rows_, facts_, now());
    if (!broken_plans.empty()) BDAAS_TRY(rows_.apply(broken_plans, now()));
    look_again_.reset();
    BDAAS_ASSIGN(changed, decide_once());
  }
  stop_unwanted_transfers();
  const Time latest = now() + settings_.full_pass;
  return look_again_ && *look_again_ < latest ? *look_again_ : latest;
}

Result<> ControlLoop::take_outcomes() {
  std::vector<Outcome> outcomes;
  {
    const std::lock_guard lock(inbox_mutex_);
    outcomes.swap(inbox_);
  }
  for (const auto& outcome : outcomes) {
    cancels_.erase({outcome.effect, outcome.subject});
    if (outcome.error) {
      log_.warning("{} {}: {}", to_text(outcome.effect), outcome.subject, outcome.error->message);
    }
    const auto changes = observe_outcome(rows_, facts_, outcome, now());
    if (!changes.empty()) BDAAS_TRY(rows_.apply(changes, now()));
  }
  return {};
}

Result<> ControlLoop::take_link_events() {
  for (const auto& event : seams_.links->drain()) BDAAS_TRY(take_link_event(event));
  return {};
}

Result<> ControlLoop::take_link_event(const LinkEvent& event) {
  const NodeId node = std::visit([](const auto& item) { return item.node; }, event);
  if (std::holds_alternative<LinkUp>(event)) links_.forget(node);
  const auto* report = std::get_if<LinkReport>(&event);
  if (report != nullptr) {
    if (const auto* chunk = std::get_if<OutputChunk>(&report->report)) {
      links_.take_output(node, *chunk, now());
      return {};
    }
  }
  const auto changes = observe_link(rows_, event, now());
  if (!changes.empty()) BDAAS_TRY(rows_.apply(changes, now()));
  // Acknowledged only now that it is in the rows; an old report is acknowledged again.
  if (report != nullptr && seq_of(report->report) > 0) {
    seams_.links->send(node, Ack{seq_of(report->report)});
  }
  return {};
}

Result<bool> ControlLoop::decide_once() {
  bool changed = false;
  const auto carry = [&](Decision decision) -> Result<> {
    BDAAS_ASSIGN(const bool did, carry_out(std::move(decision)));
    changed = changed || did;
    return {};
  };
  const auto world = [&] { return World{rows_, facts_, settings_, now()}; };

  std::vector<JobId> jobs;
  for (const auto& [id, job] : rows_.jobs()) jobs.push_back(id);
  for (const auto& id : jobs) {
    const Job* job = rows_.job(id);
    if (job != nullptr) BDAAS_TRY(carry(deciders_.job(world(), *job)));
  }

  std::vector<ClusterId> clusters;
  for (const auto& [id, cluster] : rows_.clusters()) clusters.push_back(id);
  for (const auto& id : clusters) {
    Decision leases;  // each names its own rows only, so they share one transaction
    Decision steps;
    const auto* cluster = rows_.cluster(id);
    for (const auto& [index, member] : cluster->members) {
      append(leases, deciders_.lease(world(), *cluster, member));
    }
    BDAAS_TRY(carry(std::move(leases)));
    for (const auto& [step_id, step] : rows_.cluster(id)->steps) {
      append(steps, deciders_.step(world(), *rows_.cluster(id), step));
    }
    BDAAS_TRY(carry(std::move(steps)));
    BDAAS_TRY(carry(deciders_.cluster(world(), *rows_.cluster(id))));
    // An ended cluster has no rows here any more.
    const auto* left = rows_.cluster(id);
    if (left != nullptr) BDAAS_TRY(carry(deciders_.draining(world(), *left)));
  }
  BDAAS_TRY(carry(deciders_.reaping(world(), provider_names_)));
  return changed;
}

Result<bool> ControlLoop::carry_out(Decision decision) {
  if (decision.look_again && (!look_again_ || *decision.look_again < *look_again_)) {
    look_again_ = decision.look_again;
  }
  if (decision.changes.empty()) return false;
  BDAAS_TRY(rows_.apply(decision.changes, now()));
  dispatch(decision.changes);
  return true;
}

void ControlLoop::dispatch(const Changes& changes) {
  for (const auto& change : changes) {
    const auto* wanted = std::get_if<Start>(&change);
    if (wanted == nullptr) continue;
    const std::pair key{wanted->effect, wanted->subject};
    if (wanted->effect == Effect::list) facts_.listed_at[wanted->subject] = now();
    if (wanted->effect == Effect::poll_step) {
      facts_.runs[StepId{wanted->subject}].asked_at = now();
    }
    if (wanted->effect == Effect::decommission) {
      facts_.drains[ClusterId{wanted->subject}].asked_at = now();
    }
    facts_.in_flight.insert(key);
    auto call = make_call(rows_, facts_, seams_, *clock_, wanted->effect, wanted->subject);
    if (call) {
      cancels_[key] = call->cancel;
      runner_->start(*std::move(call));
      continue;
    }
    // Nothing was sent: that is an outcome too.
    Outcome outcome;
    outcome.effect = wanted->effect;
    outcome.subject = wanted->subject;
    const Intent* intent = rows_.intents().latest(wanted->effect, wanted->subject);
    if (intent != nullptr) outcome.intent = intent->id;
    outcome.error = std::move(call).error();
    post(std::move(outcome));
  }
}

void ControlLoop::stop_unwanted_transfers() {
  for (auto& [key, cancel] : cancels_) {
    if (key.first == Effect::fetch_release) {
      const auto* cluster = rows_.cluster(ClusterId{key.second});
      const bool wanted = cluster != nullptr && cluster->cluster.wish == ClusterWish::running;
      if (!wanted) cancel->store(true);
    }
    if (key.first == Effect::place_agent) {
      const auto* member = rows_.member(NodeId{key.second});
      const auto* cluster = member != nullptr ? rows_.cluster(member->node.cluster) : nullptr;
      const bool wanted = cluster != nullptr && member->node.wanted &&
                          cluster->cluster.wish == ClusterWish::running;
      if (!wanted) cancel->store(true);
    }
    if (key.first != Effect::load_data && key.first != Effect::collect) continue;
    const Job* job = rows_.job(JobId{key.second});
    const bool wanted = job != nullptr && (job->status.state == JobState::preparing ||
                                           job->status.state == JobState::collecting);
    if (!wanted) cancel->store(true);
  }
}

bool ControlLoop::idle() const {
  const bool strays = std::any_of(facts_.strays.begin(), facts_.strays.end(),
                                  [](const auto& provider) { return !provider.second.empty(); });
  return rows_.clusters().empty() && rows_.jobs().empty() && !strays && facts_.in_flight.empty();
}

}  // namespace bdaas
