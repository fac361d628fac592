#include "control/observe.h"

#include <algorithm>

#include "control/deciders.h"

namespace bdaas {

namespace {

Intent settled(Intent intent, const std::optional<Error>& error, Time now) {
  intent.ended_at = now;
  if (!error) {
    intent.state = IntentState::done;
    return intent;
  }
  const ErrorKind kind = error->kind;
  // A call that may have been carried out is not a failure; who is harmless to repeat need not
  // care.
  const bool unclear = kind == ErrorKind::unknown_outcome || kind == ErrorKind::deadline_exceeded;
  const bool harmless = kEffects[static_cast<std::size_t>(intent.effect)].idempotent;
  intent.state = unclear && !(harmless && intent.effect != Effect::rent) ? IntentState::unknown
                                                                         : IntentState::failed;
  intent.error_kind = unclear ? ErrorKind::deadline_exceeded : kind;
  intent.error = error->message;
  return intent;
}

Changes missed_lists(const Rows& rows, const ListAnswer& answer, const std::string& provider) {
  std::map<LeaseId, const ListedMachine*> living;
  for (const auto& machine : answer.machines) {
    if (!machine.terminated) living[machine.token] = &machine;
  }
  Changes changes;
  for (const auto& [id, cluster] : rows.clusters()) {
    for (const auto& [index, member] : cluster.members) {
      Lease lease = member.lease;
      const bool held =
          lease.status.state == LeaseState::rented || lease.status.state == LeaseState::ready;
      if (!held || lease.provider != provider || lease.status.since >= answer.begun_at) continue;
      const auto missed = living.contains(lease.id) ? 0 : lease.missed_lists + 1;
      if (missed == lease.missed_lists) continue;
      lease.missed_lists = missed;
      changes.push_back(Update<Lease>{lease});
    }
  }
  return changes;
}

// A list speaks of the machines of its own provider only.
void note_strays(const Rows& rows, Facts& facts, const ListAnswer& answer,
                 const std::string& provider, Time now) {
  auto& known = facts.strays[provider];
  std::map<LeaseId, Time> strays;
  for (const auto& machine : answer.machines) {
    if (machine.terminated || machine.installation != facts.installation) continue;
    const auto* member = rows.member_of_lease(machine.token);
    if (member != nullptr && !is_terminal(member->lease.status.state)) continue;
    const auto before = known.find(machine.token);
    strays[machine.token] = before == known.end() ? now : before->second;
  }
  known = std::move(strays);
}

Changes observe_list(const Rows& rows, Facts& facts, const Outcome& outcome, Time now) {
  if (outcome.error) return {};  // an error is never "empty"
  const auto& answer = std::get<ListAnswer>(outcome.value);
  auto& list = facts.lists[outcome.subject];
  list.begun_at = answer.begun_at;
  list.machines.clear();
  for (const auto& machine : answer.machines) {
    if (!machine.terminated) list.machines[machine.token] = machine;
  }
  note_strays(rows, facts, answer, outcome.subject, now);
  return missed_lists(rows, answer, outcome.subject);
}

Changes observe_poll(const Rows&, Facts& facts, const Outcome& outcome, Time now) {
  auto& sighting = facts.runs[StepId{outcome.subject}];
  sighting.asked_at = now;
  if (outcome.error) {
    sighting.error = outcome.error->message;
    return {};
  }
  sighting.error.clear();
  sighting.at = now;
  sighting.run = std::get<RunObservation>(outcome.value);
  return {};
}

// What the engine said of those that leave, or come back, for people to see. That a call failed is
// shown too: nothing goes on without it.
Changes observe_drain(const Rows& rows, Facts& facts, const Outcome& outcome) {
  const ClusterId id{outcome.subject};
  const auto* cluster = rows.cluster(id);
  if (cluster == nullptr) return {};
  if (!outcome.error) {
    const auto& answer = std::get<DrainAnswer>(outcome.value);
    facts.drains[id].begun_at = answer.begun_at;
    facts.drains[id].drains = answer.drains;
  }
  Changes changes;
  for (const auto& [index, member] : cluster->members) {
    Node node = member.node;
    if (!node.wanted || node.drain.empty()) continue;
    const auto& drains = facts.drains[id].drains;
    const auto seen = drains.find(node.id);
    if (outcome.error) {
      node.drain = outcome.error->message;
    } else if (seen != drains.end()) {
      node.drain = seen->second.left;
      const bool as_leaver = node.leaving_since && facts.drains[id].begun_at >= *node.leaving_since;
      node.emptied = node.emptied || (as_leaver && seen->second.emptied);
    } else if (!node.leaving_since) {
      node.drain.clear();  // asked as one that stays, and nothing is left of its leaving
    }
    if (node.drain != member.node.drain || node.emptied != member.node.emptied)
      changes.push_back(Update<Node>{node});
  }
  return changes;
}

void observe_answer(const Rows& rows, const Outcome& outcome, Changes& changes) {
  switch (outcome.effect) {
    case Effect::fetch_release: {
      const auto* rows_of = rows.cluster(ClusterId{outcome.subject});
      if (rows_of == nullptr) break;
      Cluster cluster = rows_of->cluster;
      const auto& prepared = std::get<Prepared>(outcome.value);
      cluster.release = prepared.release;
      cluster.memory = prepared.memory;
      changes.push_back(Update<Cluster>{cluster});
      break;
    }
    case Effect::rent: {
      const auto* member = rows.member_of_lease(LeaseId{outcome.subject});
      if (member == nullptr) break;
      Lease lease = member->lease;
      lease.machine = std::get<Machine>(outcome.value);
      changes.push_back(Update<Lease>{lease});
      break;
    }
    case Effect::submit_step: {
      const Step* step = rows.step(StepId{outcome.subject});
      if (step == nullptr) break;
      Step known = *step;
      known.handle = std::get<RunObservation>(outcome.value).handle;
      changes.push_back(Update<Step>{known});
      break;
    }
    case Effect::load_data: {
      for (const auto& [id, sha256] : std::get<LoadAnswer>(outcome.value).sha256) {
        auto data = rows.store().get<DataSet>(id);
        if (!data) continue;  // removed meanwhile
        data->sha256 = sha256;
        changes.push_back(Update<DataSet>{*std::move(data)});
      }
      break;
    }
    case Effect::collect: {
      const auto& result = std::get<JobResult>(outcome.value);
      const Job* job = rows.job(JobId{outcome.subject});
      if (job == nullptr) break;
      if (!rows.store().get<JobResult>(result.id)) changes.push_back(Insert<JobResult>{result});
      Job known = *job;
      known.result = result.id;
      changes.push_back(Update<Job>{known});
      break;
    }
    default:
      break;
  }
}

// ---- node links ----

Changes on_daemons(Node node, const DaemonsReport& report, Time now) {
  Changes changes;
  node.daemons = report.daemons;
  const bool ready =
      report.revision > 0 &&
      std::all_of(report.daemons.begin(), report.daemons.end(),
                  [](const DaemonStatus& daemon) { return daemon.state == DaemonState::ready; });
  if (ready && !node.ready) {
    changes.push_back(Note{note_on(node, "agent", "ready")});
  } else if (!ready && node.ready) {
    changes.push_back(Note{note_on(node, "agent", "not ready any more")});
  }
  node.ready = ready;
  if (ready && !node.ready_at) node.ready_at = now;
  changes.push_back(Update<Node>{node});
  return changes;
}

Changes on_step_process(const Rows& rows, const Node& node, const StepProcess& report) {
  Changes changes{Update<Node>{node}};
  const Step* known = rows.step(report.step);
  if (known == nullptr) return changes;
  Step step = *known;
  step.driver_node = node.id;
  step.exit_code = report.exit_code;
  step.last_lines = report.last_lines;
  changes.push_back(Update<Step>{step});
  return changes;
}

Changes observe_report(const Rows& rows, Node node, const Report& report, Time now) {
  if (const auto seq = seq_of(report); seq > 0) {
    if (seq <= node.report_seq) return {};  // sent again; its acknowledgement was lost
    node.report_seq = seq;
  }
  if (const auto* plan = std::get_if<PlanApplied>(&report)) {
    node.applied_revision = plan->revision;
    node.plan_error = plan->error;
    return {Update<Node>{node}};
  }
  if (const auto* daemons = std::get_if<DaemonsReport>(&report)) {
    return on_daemons(node, *daemons, now);
  }
  if (const auto* step = std::get_if<StepProcess>(&report)) {
    return on_step_process(rows, node, *step);
  }
  if (const auto* renewed = std::get_if<LeaseRenewed>(&report)) {
    Changes changes{Update<Node>{node}};
    if (const auto* member = rows.member(node.id)) {
      Lease lease = member->lease;
      lease.renewed_until = renewed->expires_at;
      changes.push_back(Update<Lease>{lease});
    }
    return changes;
  }
  return {};
}

// What an answer says, unless what came meanwhile has made it worthless.
std::optional<Error> error_of(const Rows& rows, const Outcome& outcome) {
  const auto* prepared = std::get_if<Prepared>(&outcome.value);
  if (outcome.error || prepared == nullptr) return outcome.error;
  const auto* of_cluster = rows.cluster(ClusterId{outcome.subject});
  if (of_cluster == nullptr) return std::nullopt;
  const Cluster& cluster = of_cluster->cluster;
  const auto promises = promises_of(rows, cluster.spec.provider, cluster.id);
  auto fits = still_fits(prepared->room, prepared->memory, cluster.spec.workers, promises);
  if (fits) return std::nullopt;
  return std::move(fits).error();
}

}  // namespace

Changes observe_outcome(const Rows& rows, Facts& facts, const Outcome& outcome, Time now) {
  facts.in_flight.erase({outcome.effect, outcome.subject});
  if (outcome.effect == Effect::list) return observe_list(rows, facts, outcome, now);
  if (outcome.effect == Effect::poll_step) return observe_poll(rows, facts, outcome, now);
  if (outcome.effect == Effect::decommission) return observe_drain(rows, facts, outcome);
  Changes changes;
  const Intent* intent = rows.intents().latest(outcome.effect, outcome.subject);
  // The subject may have ended meanwhile; a late answer then changes nothing, the reaper sees what
  // is left.
  if (intent == nullptr || intent->id != outcome.intent) return changes;
  const auto error = error_of(rows, outcome);
  changes.push_back(Settle{settled(*intent, error, now)});
  if (!error) observe_answer(rows, outcome, changes);
  return changes;
}

void forget_the_ended(const Rows& rows, Facts& facts) {
  std::erase_if(facts.runs, [&](const auto& item) { return rows.step(item.first) == nullptr; });
  std::erase_if(facts.drains,
                [&](const auto& item) { return rows.cluster(item.first) == nullptr; });
}

Changes observe_link(const Rows& rows, const LinkEvent& event, Time now) {
  const NodeId id = std::visit([](const auto& item) { return item.node; }, event);
  const auto* member = rows.member(id);
  if (member == nullptr) return {};
  Node node = member->node;
  if (const auto* up = std::get_if<LinkUp>(&event)) {
    node.connected = true;
    node.agent_boot = up->hello.boot;
    node.applied_revision = up->hello.applied_revision;
    return {Update<Node>{node}};
  }
  if (std::holds_alternative<LinkDown>(event)) {
    node.connected = false;
    return {Update<Node>{node}};
  }
  return observe_report(rows, node, std::get<LinkReport>(event).report, now);
}

}  // namespace bdaas
