#include "control/deciders.h"

namespace bdaas {

namespace {

void let_leave(Node& node, Time now) {
  node.leaving_since = now;
  node.drain = "the engine is being told";
}

void take_back(Node& node) {
  node.leaving_since.reset();
  node.emptied = false;
  node.drain = "stays after all; the engine is being told";
}

// What the engine said of the node since it is leaving; null: nothing yet.
const Drain* drain_of(const World& world, const Node& node) {
  const auto seen = world.facts.drains.find(node.cluster);
  if (seen == world.facts.drains.end() || seen->second.begun_at < *node.leaving_since) {
    return nullptr;
  }
  const auto drain = seen->second.drains.find(node.id);
  return drain == seen->second.drains.end() ? nullptr : &drain->second;
}

// The engine reads its lists of leaving workers where the master's plan puts them, so that plan
// must be there.
void ask(const World& world, const ClusterRows& cluster, Decision& decision) {
  const Node& master = cluster.master()->node;
  const ClusterId& id = cluster.cluster.id;
  if (master.applied_revision < master.plan_revision) return;
  if (world.facts.flying(Effect::decommission, id.text)) return;
  const auto seen = world.facts.drains.find(id);
  const Time next = seen == world.facts.drains.end()
                        ? world.now
                        : seen->second.asked_at + world.settings.drain_interval;
  if (world.now >= next) {
    decision.changes.push_back(start(world, Effect::decommission, id.text));
  } else {
    decision.at(next);
  }
}

void let_go(const World& world, Node node, Decision& decision) {
  const auto took = std::chrono::duration_cast<Millis>(world.now - *node.leaving_since);
  node.wanted = false;
  node.drain.clear();
  decision.changes.push_back(Update<Node>{node});
  decision.changes.push_back(Note{note_on(
      node, "manager", fmt::format("has left the cluster after {}", human_duration(took)))});
}

void give_up(const World& world, Node node, Decision& decision) {
  const std::string why = fmt::format("stays, for it could not leave within {}: {}",
                                      human_duration(world.settings.drain_deadline), node.drain);
  take_back(node);
  decision.changes.push_back(Update<Node>{node});
  decision.changes.push_back(Note{note_on(node, "manager", why)});
}

}  // namespace

Changes resize_members(const ClusterRows& cluster, std::int64_t workers, Time now) {
  std::vector<Node> staying;
  std::vector<Node> leaving;
  for (const auto& [index, member] : cluster.members) {
    if (index == 0 || !member.node.wanted) continue;
    (leaves(member.node) ? leaving : staying).push_back(member.node);
  }
  auto have = static_cast<std::int64_t>(staying.size());
  const std::string wish = fmt::format("{} workers are wanted", workers);
  Changes changes;
  const auto change = [&](const Node& node, std::string_view what) {
    changes.push_back(Update<Node>{node});
    changes.push_back(Note{note_on(node, "user", fmt::format("{}: {}", what, wish))});
  };
  for (auto node = leaving.begin(); node != leaving.end() && have < workers; ++node, ++have) {
    take_back(*node);
    change(*node, "stays after all");
  }
  for (auto node = staying.rbegin(); node != staying.rend() && have > workers; ++node, --have) {
    let_leave(*node, now);
    change(*node, "shall leave");
  }
  return changes;
}

Decision decide_draining(const World& world, const ClusterRows& cluster) {
  Decision decision;
  const ClusterState state = cluster.cluster.status.state;
  const bool usable = state == ClusterState::running || state == ClusterState::resizing;
  if (cluster.cluster.wish != ClusterWish::running || !usable) return decision;
  bool waiting = false;
  std::int64_t stay = 0;
  for (const auto& [index, member] : cluster.members) {
    const Node& node = member.node;
    waiting = waiting || comes_back(node);
    if (!leaves(node)) continue;
    const Drain* drain = drain_of(world, node);
    const Time deadline = *node.leaving_since + world.settings.drain_deadline;
    if (drain != nullptr && drain->done) {
      let_go(world, node, decision);
    } else if (world.now >= deadline) {
      give_up(world, node, decision);
      ++stay;
    } else {
      waiting = true;
      decision.at(deadline);
    }
  }
  if (stay > 0) {
    Cluster more = cluster.cluster;
    set_workers(more, more.spec.workers + stay);
    decision.changes.push_back(Update<Cluster>{more});
  }
  if (waiting) ask(world, cluster, decision);
  return decision;
}

}  // namespace bdaas
