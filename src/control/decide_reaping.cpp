#include <algorithm>

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
      standing_of(world, Effect::rent, lease.id.text, {world.settings.rent_attempts});
  if (standing != Standing::unknown && standing != Standing::failed) return {};
  const Intent* rent = intents.latest(Effect::rent, lease.id.text);
  return std::max(rent->created_at, rent->ended_at);
}

// The same for a stray machine: one that was released goes with the list that does not show it.
Time waits_for_list_since(const World& world, const LeaseId& stray) {
  const Intent* release = world.rows.intents().latest(Effect::release, stray.text);
  const bool done = release != nullptr && release->state == IntentState::done;
  return done ? release->ended_at : Time{};
}

// What waits for a list of the provider, each with the time since when.
std::vector<Time> waits_for_list(const World& world, const std::string& provider) {
  std::vector<Time> waits;
  const auto add = [&](Time since) {
    if (since != Time{}) waits.push_back(since);
  };
  for (const auto& [id, cluster] : world.rows.clusters()) {
    for (const auto& [index, member] : cluster.members) {
      if (member.lease.provider == provider) add(waits_for_list_since(world, member.lease));
    }
  }
  const auto strays = world.facts.strays.find(provider);
  if (strays == world.facts.strays.end()) return waits;
  for (const auto& [token, first_seen] : strays->second) add(waits_for_list_since(world, token));
  return waits;
}

enum class Need { none, soon, now };

// now: something waits for a list that is younger than the one we have. soon: the one we have still
// shows a machine that was released (lists lag behind).
Need need_of_list(const World& world, const std::string& provider) {
  const auto waits = waits_for_list(world, provider);
  if (waits.empty()) return Need::none;
  const auto list = world.facts.lists.find(provider);
  const Time youngest = *std::max_element(waits.begin(), waits.end());
  const bool old = list == world.facts.lists.end() || list->second.begun_at < youngest;
  return old ? Need::now : Need::soon;
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

// When the stray may be released, or released again; absent: something else must happen first.
std::optional<Time> release_at(const World& world, const std::string& provider,
                               const LeaseId& token, Time first_seen) {
  const Time due = first_seen + world.settings.reap_grace;
  const Intent* last = world.rows.intents().latest(Effect::release, token.text);
  switch (standing_of(world, Effect::release, token.text, kForEver)) {
    case Standing::none:
      return due;
    case Standing::pending:
      return std::nullopt;
    case Standing::done: {  // lists lag behind: those of the first minute may still show it
      const auto list = world.facts.lists.find(provider);
      const bool younger =
          list != world.facts.lists.end() && list->second.begun_at >= last->ended_at;
      if (!younger) return std::nullopt;
      return std::max(due, last->ended_at + world.settings.release_deadline);
    }
    default:  // however lasting the refusal looks, the machine is ours to end
      return std::max(due, retry_at(world, Effect::release, token.text));
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
      const auto at = release_at(world, provider, token, first_seen);
      if (!at) continue;
      if (world.now < *at) {
        decision.at(*at);
        continue;
      }
      if (++ended > world.settings.reap_cap) return decision;
      decision.changes.push_back(start(world, Effect::release, token.text));
    }
  }
  return decision;
}

}  // namespace bdaas
