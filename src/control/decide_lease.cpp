#include "control/deciders.h"

namespace bdaas {

namespace {

using S = LeaseState;

std::string provider_source(const Lease& lease) { return "provider " + lease.provider; }

Move<Lease> move(const Lease& lease, S to, Reason reason, std::string message,
                 std::string source = "manager") {
  return {lease, to, reason, std::move(source), std::move(message)};
}

// The last complete list that was asked for after `since`, or null: older ones prove nothing.
const ProviderList* list_since(const World& world, const Lease& lease, Time since) {
  const auto found = world.facts.lists.find(lease.provider);
  if (found == world.facts.lists.end() || found->second.begun_at < since) return nullptr;
  return &found->second;
}

// Requested and the rent call's outcome is unknown: only a list that is newer than the call tells.
void resolve_unknown_rent(const World& world, const Lease& lease, Decision& decision) {
  const Intent* intent = world.rows.intents().latest(Effect::rent, lease.id.text);
  const Time since = std::max(intent->ended_at, intent->created_at);
  const auto* list = list_since(world, lease, since);
  if (list == nullptr) return;  // decide_reaping sees to it that one is made
  const auto found = list->machines.find(lease.id);
  Intent settled = *intent;
  settled.ended_at = world.now;
  // One without an address is a rent that was broken off: to be asked for again by its token.
  if (found == list->machines.end() || found->second.machine.address.empty()) {
    settled.state = IntentState::failed;
    settled.error_kind = ErrorKind::unavailable;
    settled.error = "no answer, and the provider's list shows no whole machine of this token";
    decision.changes.push_back(Settle{settled});
    return;
  }
  settled.state = IntentState::done;
  decision.changes.push_back(Settle{settled});
  Lease with_machine = lease;
  with_machine.machine = found->second.machine;
  decision.changes.push_back(Update<Lease>{with_machine});
}

// From the machine to its agent's hello. To another computer the packages go first, which takes as
// long as its network does: then the start of the whole cluster is what is bounded.
Millis agent_time(const World& world, const ClusterRows& cluster, const Lease& lease) {
  if (!lease.machine->ssh) return world.settings.agent_deadline;
  return std::max(world.settings.agent_deadline, cluster.cluster.spec.start_timeout_ms);
}

void decide_requested(const World& world, const ClusterRows& cluster, const Member& member,
                      Decision& decision) {
  const Lease& lease = member.lease;
  const auto standing =
      standing_of(world, Effect::rent, lease.id.text, {world.settings.rent_attempts});
  if (lease.machine) {
    Lease rented = lease;
    rented.deadline = world.now + agent_time(world, cluster, lease);
    rented.expires_at = world.now + world.settings.lease_ttl;
    decision.changes.push_back(move(rented, S::rented, Reason::progress, lease.machine->machine_id,
                                    provider_source(lease)));
    return;
  }
  if (standing == Standing::pending) return;
  if (standing == Standing::unknown) return resolve_unknown_rent(world, lease, decision);
  if (!machine_wanted(cluster, member)) {
    decision.changes.push_back(move(lease, S::releasing, Reason::user_request, ""));
    return;
  }
  if (standing == Standing::none || standing == Standing::retry) {
    Lease asked = lease;  // long after the wish, its dead-man time may be over
    asked.expires_at = world.now + world.settings.lease_ttl;
    if (asked.expires_at != lease.expires_at) decision.changes.push_back(Update<Lease>{asked});
    decision.changes.push_back(start(world, Effect::rent, lease.id.text));
  } else if (standing == Standing::waiting) {
    decision.at(retry_at(world, Effect::rent, lease.id.text));
  } else if (standing == Standing::failed) {
    const Intent* intent = world.rows.intents().latest(Effect::rent, lease.id.text);
    if (list_since(world, lease, intent->ended_at) == nullptr) return;
    decision.changes.push_back(move(lease, S::rent_failed, Reason::provider_refused, intent->error,
                                    provider_source(lease)));
  }
}

// Another computer, whose silence is bounded: see watch_silence().
bool is_watched(const Lease& lease) {
  return lease.status.state == S::ready && lease.machine && lease.machine->ssh;
}

// It was placed, or could not be, and is not connected.
void try_again(const World& world, const std::string& node, Decision& decision) {
  const Time again =
      world.rows.intents().latest(Effect::place_agent, node)->ended_at + world.settings.place_again;
  if (world.now >= again) {
    decision.changes.push_back(start(world, Effect::place_agent, node));
  } else {
    decision.at(again);
  }
}

void place_agent(const World& world, const Member& member, Decision& decision) {
  const std::string subject = member.node.id.text;
  constexpr std::int64_t kAttempts = 1'000;  // bounded by the lease's deadline
  switch (standing_of(world, Effect::place_agent, subject, {kAttempts})) {
    case Standing::none:
    case Standing::retry:
    case Standing::unknown:  // placing is idempotent: an agent of that lease that runs is success
      decision.changes.push_back(start(world, Effect::place_agent, subject));
      break;
    case Standing::waiting:
      decision.at(retry_at(world, Effect::place_agent, subject));
      break;
    case Standing::failed: {
      // One that was ready has two minutes to be reached again, whatever keeps it from that.
      if (is_watched(member.lease)) {
        try_again(world, subject, decision);
        break;
      }
      const Intent* intent = world.rows.intents().latest(Effect::place_agent, subject);
      decision.changes.push_back(
          move(member.lease, S::releasing, Reason::bootstrap_failed, intent->error));
      break;
    }
    case Standing::done:  // dialling goes on by itself, and a dead agent is started again
      try_again(world, subject, decision);
      break;
    case Standing::pending:
      break;
  }
}

// Absent from several complete lists in a row: the machine is gone.
bool is_lost(const World& world, const Lease& lease) {
  return lease.missed_lists >= world.settings.lists_to_lose;
}

// Another computer that does not answer is lost after a while: no list would tell, when it is its
// owner's. True: this pass has changed the lease.
bool watch_silence(const World& world, const Member& member, Decision& decision) {
  const Lease& lease = member.lease;
  Lease next = lease;
  if (member.node.connected) {
    if (lease.deadline == Time{}) return false;
    next.deadline = {};
  } else if (lease.deadline == Time{}) {
    next.deadline = world.now + world.settings.silence_deadline;
  } else if (world.now >= lease.deadline) {
    next.deadline = {};
    decision.changes.push_back(move(next, S::lost, Reason::node_lost,
                                    fmt::format("its agent has not been reached for {}",
                                                human_duration(world.settings.silence_deadline))));
    return true;
  } else {
    decision.at(lease.deadline);
    return false;
  }
  decision.changes.push_back(Update<Lease>{next});
  return true;
}

void decide_held(const World& world, const ClusterRows& cluster, const Member& member,
                 Decision& decision) {
  const Lease& lease = member.lease;
  if (!machine_wanted(cluster, member)) {
    Lease releasing = lease;
    releasing.deadline = {};
    decision.changes.push_back(move(releasing, S::releasing, cluster.cluster.wish_reason, ""));
    return;
  }
  if (is_lost(world, lease)) {
    decision.changes.push_back(
        move(lease, S::lost, Reason::node_lost,
             fmt::format("not in {} complete lists in a row", lease.missed_lists),
             provider_source(lease)));
    return;
  }
  if (lease.status.state == S::rented) {
    if (member.node.connected) {
      Lease ready = lease;
      ready.deadline = {};
      decision.changes.push_back(move(ready, S::ready, Reason::progress, "", "agent"));
      return;
    }
    if (world.now >= lease.deadline) {
      decision.changes.push_back(
          move(lease, S::releasing, Reason::not_ready_in_time,
               fmt::format("its agent did not say hello within {}",
                           human_duration(agent_time(world, cluster, lease)))));
      return;
    }
    decision.at(lease.deadline);
    place_agent(world, member, decision);
    return;
  }
  // Ready: an agent that does not answer any more is started again; placing one that runs changes
  // nothing.
  if (is_watched(lease) && watch_silence(world, member, decision)) return;
  if (!member.node.connected) place_agent(world, member, decision);
  const Time renew_at = lease.expires_at - world.settings.lease_ttl * 2 / 3;
  if (world.now >= renew_at && decision.changes.empty()) {
    Lease renewed = lease;
    renewed.expires_at = world.now + world.settings.lease_ttl;
    decision.changes.push_back(Update<Lease>{renewed});
  } else {
    decision.at(renew_at);
  }
}

void decide_releasing(const World& world, const Member& member, Decision& decision) {
  const Lease& lease = member.lease;
  const Intent* intent = world.rows.intents().latest(Effect::release, lease.id.text);
  // Only a release that was begun in this stay in the state counts; an older one belongs to an
  // earlier life.
  const bool begun = intent != nullptr && intent->created_at >= lease.status.since;
  if (!begun) {
    Start again = start(world, Effect::release, lease.id.text);
    again.attempt = lease.release_attempts + 1;
    decision.changes.push_back(again);
    return;
  }
  switch (standing_of(world, Effect::release, lease.id.text, {1})) {
    case Standing::done: {
      const auto* list = list_since(world, lease, intent->ended_at);
      if (list == nullptr) break;
      if (!list->machines.contains(lease.id)) {
        decision.changes.push_back(
            move(lease, S::released, lease.status.reason, "", provider_source(lease)));
      } else if (world.now >= intent->ended_at + world.settings.release_deadline) {
        decision.changes.push_back(move(lease, S::release_failed, Reason::provider_refused,
                                        "released, but the provider still lists it",
                                        provider_source(lease)));
      } else {
        decision.at(intent->ended_at + world.settings.release_deadline);
      }
      break;
    }
    case Standing::unknown:  // releasing is idempotent
    case Standing::failed:
    case Standing::retry:
    case Standing::waiting: {
      Lease failed = lease;
      failed.release_attempts += 1;
      failed.not_before = world.now + backoff(world.settings, failed.release_attempts,
                                              lease.id.text, world.settings.backoff_max);
      const std::string why =
          intent->error.empty() ? std::string("no answer to the release call") : intent->error;
      decision.changes.push_back(
          move(failed, S::release_failed, Reason::provider_refused, why, provider_source(lease)));
      break;
    }
    case Standing::pending:
    case Standing::none:
      break;
  }
}

}  // namespace

Decision decide_lease(const World& world, const ClusterRows& cluster, const Member& member) {
  Decision decision;
  const Lease& lease = member.lease;
  switch (lease.status.state) {
    case S::requested:
      decide_requested(world, cluster, member, decision);
      break;
    case S::rented:
    case S::ready:
      decide_held(world, cluster, member, decision);
      break;
    case S::lost:  // for good: its cluster has counted it out by now, and another takes its place
      decision.changes.push_back(
          move(lease, S::releasing, Reason::node_lost, lease.status.message));
      break;
    case S::releasing:
      decide_releasing(world, member, decision);
      break;
    case S::release_failed:
      if (world.now >= lease.not_before) {
        decision.changes.push_back(
            move(lease, S::releasing, lease.status.reason, lease.status.message));
      } else {
        decision.at(lease.not_before);
      }
      break;
    case S::stopping:
    case S::stopped:  // machines that can be stopped come with the providers that can stop them
    case S::released:
    case S::rent_failed:
      break;
  }
  return decision;
}

}  // namespace bdaas
