#include "planted_bugs.h"

namespace bdaas {

namespace {

bool starts(const Decision& decision, Effect effect) {
  for (const auto& change : decision.changes) {
    const auto* item = std::get_if<Start>(&change);
    if (item != nullptr && item->effect == effect) return true;
  }
  return false;
}

template <class Row, class State>
Decision only_move(Row row, State to) {
  Decision decision;
  decision.changes.push_back(Move<Row>{std::move(row), to, Reason::progress, "planted", ""});
  return decision;
}

void no_intent_before_rent(Sabotage& sabotage) {
  sabotage.keeps = [](const MemoryStore::Written& written) {
    return !written.id.starts_with("t-rent-");
  };
}

void blind_retry_of_a_rent(Sabotage& sabotage) {
  sabotage.run = [](const EffectCall& call) {
    Outcome outcome = call.run();
    const bool unknown = outcome.error && outcome.error->kind == ErrorKind::unknown_outcome;
    return unknown && call.effect == Effect::rent ? call.run() : outcome;
  };
}

void retry_of_a_rent_with_a_fresh_token(Sabotage& sabotage) {
  sabotage.rent = [](Provider& provider, const RentRequest& request) {
    auto machine = provider.rent(request);
    if (machine || machine.error().kind != ErrorKind::unknown_outcome) return machine;
    RentRequest again = request;
    again.token.text += "-again";
    return provider.rent(again);
  };
}

void skipped_release(Sabotage& sabotage) {
  sabotage.deciders.lease = [](const World& world, const ClusterRows& cluster,
                               const Member& member) {
    Decision decision = decide_lease(world, cluster, member);
    if (!starts(decision, Effect::release)) return decision;
    return only_move(member.lease, LeaseState::released);
  };
}

void double_format(Sabotage& sabotage) { sabotage.agents_forget_inits = true; }

void a_list_error_taken_as_empty(Sabotage& sabotage) {
  sabotage.list = [](Provider& provider) {
    auto machines = provider.list();
    return machines ? machines : Result<std::vector<ListedMachine>>(std::vector<ListedMachine>());
  };
}

void ended_cluster_with_living_leases(Sabotage& sabotage) {
  sabotage.deciders.cluster = [](const World& world, const ClusterRows& cluster) {
    if (cluster.cluster.status.state != ClusterState::terminating) {
      return decide_cluster(world, cluster);
    }
    return only_move(cluster.cluster, ClusterState::terminated);
  };
}

void step_submitted_again_after_an_unknown_outcome(Sabotage& sabotage) {
  sabotage.deciders.step = [](const World& world, const ClusterRows& cluster, const Step& step) {
    const Intent* intent = world.rows.intents().latest(Effect::submit_step, step.id.text);
    const bool unknown = intent != nullptr && intent->state == IntentState::unknown;
    if (step.status.state != StepState::starting || !unknown) {
      return decide_step(world, cluster, step);
    }
    Decision decision;
    decision.changes.push_back(start(world, Effect::submit_step, step.id.text));
    return decision;
  };
}

void job_succeeded_before_its_step(Sabotage& sabotage) {
  sabotage.deciders.job = [](const World& world, const Job& job) {
    const Step* step = job.step ? world.rows.step(*job.step) : nullptr;
    const bool running = step != nullptr && step->status.state == StepState::running;
    return running && job.status.state == JobState::running ? only_move(job, JobState::finishing)
                                                            : decide_job(world, job);
  };
}

void lease_never_renewed(Sabotage& sabotage) {
  sabotage.send = [](NodeLinks& links, const NodeId& node, const Order& order) {
    return std::holds_alternative<RenewLease>(order) || links.send(node, order);
  };
}

// The manager takes every report it hears, also those it has taken before: each gets a new number.
void reports_taken_twice(Sabotage& sabotage) {
  struct Numbers {
    std::int64_t last = 0;
    std::map<std::int64_t, std::int64_t> real;  // by the new number
  };
  const auto numbers = std::make_shared<Numbers>();
  sabotage.drained = [numbers](NodeLinks&, std::vector<LinkEvent>& events) {
    for (auto& event : events) {
      auto* item = std::get_if<LinkReport>(&event);
      if (item == nullptr || seq_of(item->report) == 0) continue;
      numbers->real[++numbers->last] = seq_of(item->report);
      std::visit(
          [&](auto& body) {
            if constexpr (requires { body.seq; }) body.seq = numbers->last;
          },
          item->report);
    }
  };
  sabotage.send = [numbers](NodeLinks& links, const NodeId& node, const Order& order) {
    const auto* ack = std::get_if<Ack>(&order);
    return links.send(node, ack == nullptr ? order : Order(Ack{numbers->real.at(ack->seq)}));
  };
}

void restart_forgets_intents(Sabotage& sabotage) {
  sabotage.at_restart = [](MemoryStore& store) {
    (void)store.begin();
    for (const auto& intent : store.all<Intent>()) {
      if (intent.state == IntentState::pending) (void)store.remove<Intent>(intent.id);
    }
    (void)store.commit(Durability::full);
  };
}

// An order to run a program that is lost with its link is never given again.
void order_to_run_given_once(Sabotage& sabotage) {
  sabotage.deciders.step = [](const World& world, const ClusterRows& cluster, const Step& step) {
    Decision decision = decide_step(world, cluster, step);
    const bool again =
        step.status.state == StepState::running && starts(decision, Effect::submit_step);
    return again ? Decision{} : decision;
  };
}

// That a node was ready once is forgotten, so its daemon may not restart after its first minutes.
void restarting_daemon_costs_its_node(Sabotage& sabotage) {
  sabotage.deciders.cluster = [](const World& world, const ClusterRows& cluster) {
    ClusterRows forgetful = cluster;
    for (auto& [index, member] : forgetful.members) member.node.ready_at.reset();
    return decide_cluster(world, forgetful);
  };
}

void release_before_drained(Sabotage& sabotage) {
  sabotage.deciders.draining = [](const World&, const ClusterRows& cluster) {
    Decision decision;
    for (const auto& [index, member] : cluster.members) {
      Node node = member.node;
      if (!leaves(node)) continue;
      node.wanted = false;
      decision.changes.push_back(Update<Node>{node});
    }
    return decision;
  };
}

// What one provider's list shows takes the place of the strays of all providers.
void strays_of_all_providers_replaced_by_one_list(Sabotage& sabotage) {
  struct Seen {
    Time begun_at{};
    std::string provider;
    std::map<LeaseId, Time> strays;
  };
  const auto houses = std::make_shared<std::map<InstallationId, Seen>>();
  sabotage.deciders.reaping = [houses](const World& world,
                                       const std::vector<std::string>& providers) {
    Seen& seen = (*houses)[world.facts.installation];
    for (const auto& [provider, list] : world.facts.lists) {
      if (list.begun_at <= seen.begun_at) continue;
      const auto before = std::exchange(seen.strays, {});
      seen.begun_at = list.begun_at;
      seen.provider = provider;
      const auto strays = world.facts.strays.find(provider);
      if (strays == world.facts.strays.end()) continue;
      for (const auto& [token, first] : strays->second) {
        const auto known = before.find(token);
        seen.strays[token] = known == before.end() ? world.now : known->second;
      }
    }
    Facts facts = world.facts;
    facts.strays = {{seen.provider, seen.strays}};
    return decide_reaping(World{world.rows, facts, world.settings, world.now}, providers);
  };
}

constexpr auto kPlantedBugs = std::to_array<PlantedBug>({
    {"no intent before rent", 20, no_intent_before_rent},
    {"blind retry of a rent", 50, blind_retry_of_a_rent},
    {"retry of a rent with a fresh token", 50, retry_of_a_rent_with_a_fresh_token},
    {"skipped release", 20, skipped_release},
    {"double format", 100, double_format},
    {"a list error taken as empty", 200, a_list_error_taken_as_empty},
    {"ended cluster with living leases", 20, ended_cluster_with_living_leases},
    {"step submitted again after an unknown outcome", 200,
     step_submitted_again_after_an_unknown_outcome},
    {"job succeeded before its step", 20, job_succeeded_before_its_step},
    {"lease never renewed", 50, lease_never_renewed},
    {"reports taken twice", 400, reports_taken_twice},
    {"restart forgets intents", 200, restart_forgets_intents},
    {"order to run given once", 500, order_to_run_given_once},
    {"restarting daemon costs its node", 200, restarting_daemon_costs_its_node},
    {"release before drained", 100, release_before_drained},
    {"strays of all providers replaced by one list", 50,
     strays_of_all_providers_replaced_by_one_list},
});

}  // namespace

std::span<const PlantedBug> planted_bugs() { return kPlantedBugs; }

}  // namespace bdaas
