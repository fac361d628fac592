#include "control/deciders.h"

namespace bdaas {

namespace {

// A lease that only a list younger than `since` lets go on; Time{} when it waits for none.
Time waits_for_list_since(const World& world, const Lease& lease) {
  const auto& intents = world.rows.intents();
  if (lease.status.state == LeaseState::releasing) {
    const Intent* release = intents.latest(Effect::release, lease.id.text);
    const bool done = release != nullptr && release->state == IntentState::done &&
                      release->created_at >= lease.status.since;
    return done ? release->ended_at : Time{};
  }
  if (lease.status.state != LeaseState::requested || lease.machine) return {};
  const auto standing =
      standing_of(world, Effect::rent, lease.id.text, world.settings.rent_attempts);
  if (standing != Standing::unknown && standing != Standing::failed) return {};
  const Intent* rent = intents.latest(Effect::rent, lease.id.text);
  return std::max(rent->created_at, rent->ended_at);
}

enum class Need { none, soon, now };

// now: a lease waits for a list that is younger than the one we have. soon: the one we have still
// shows a machine that was released (lists lag behind).
Need need_of_list(const World& world, const std::string& provider) {
  const auto list = world.facts.lists.find(provider);
  Need need = Need::none;
  for (const auto& [id, cluster] : world.rows.clusters()) {
    for (const auto& [index, member] : cluster.members) {
      if (member.lease.provider != provider) continue;
      const Time since = waits_for_list_since(world, member.lease);
      if (since == Time{}) continue;
      if (list == world.facts.lists.end() || list->second.begun_at < since) return Need::now;
      need = Need::soon;
    }
  }
  return need;
}

void decide_listing(const World& world, const std::string& provider, Decision& decision) {
  if (world.facts.flying(Effect::list, provider)) return;
  const auto tried = world.facts.listed_at.find(provider);
  const auto list = world.facts.lists.find(provider);
  Time next = world.now;
  if (tried != world.facts.listed_at.end()) {
    const Need need = need_of_list(world, provider);
    // When the provider answers errors, even an urgent list is asked for once a second only.
    const bool answered = list != world.facts.lists.end() && list->second.begun_at >= tried->second;
    next = need == Need::none              ? tried->second + world.settings.list_interval
           : need == Need::now && answered ? world.now
                                           : tried->second + world.settings.list_retry;
  }
  if (world.now >= next) {
    decision.changes.push_back(start(world, Effect::list, provider));
  } else {
    decision.at(next);
  }
}

}  // namespace

Decision decide_reaping(const World& world, const std::vector<std::string>& providers) {
  Decision decision;
  for (const auto& provider : providers) decide_listing(world, provider, decision);
  std::int64_t ended = 0;
  for (const auto& provider : providers) {
    const auto strays = world.facts.strays.find(provider);
    if (strays == world.facts.strays.end()) continue;
    for (const auto& [token, first_seen] : strays->second) {
      const Time due = first_seen + world.settings.reap_grace;
      if (world.now < due) {
        decision.at(due);
        continue;
      }
      const auto standing = standing_of(world, Effect::release, token.text, 1'000'000);
      if (standing == Standing::pending) continue;
      if (standing == Standing::waiting) {
        decision.at(retry_at(world, Effect::release, token.text));
        continue;
      }
      if (++ended > world.settings.reap_cap) return decision;
      decision.changes.push_back(start(world, Effect::release, token.text));
    }
  }
  return decision;
}

}  // namespace bdaas
