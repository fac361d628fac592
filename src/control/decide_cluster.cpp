#include <algorithm>

#include "base/digest.h"
#include "control/deciders.h"

namespace bdaas {

namespace {

using S = ClusterState;

bool ended_by_failure(Reason reason) {
  return reason != Reason::user_request && reason != Reason::idle && reason != Reason::job_done;
}

// One pass over one cluster. Collects at most one change of the cluster's own row.
class ClusterPass {
 public:
  ClusterPass(const World& world, const ClusterRows& rows)
      : world_(world), rows_(rows), cluster_(rows.cluster) {}

  Decision decide() {
    const S state = cluster_.status.state;
    if (state == S::terminating) {
      decide_terminating();
    } else if (cluster_.wish == ClusterWish::terminated) {
      end(cluster_.wish_reason, cluster_.wish_message);
    } else if (state == S::requested) {
      decide_requested();
    } else {
      decide_living();
    }
    finish_row();
    return std::move(decision_);
  }

 private:
  void move_to(S state, Reason reason, std::string message, std::string source = "manager") {
    if (moved_) return;
    moved_ = Move<Cluster>{cluster_, state, reason, std::move(source), std::move(message)};
  }

  // Ends the cluster; the wish keeps the true reason for the rows that show it later.
  void end(Reason reason, std::string message) {
    cluster_.wish = ClusterWish::terminated;
    cluster_.wish_reason = reason;
    cluster_.wish_message = message;
    cluster_.deadline = {};
    move_to(S::terminating, reason, std::move(message));
  }

  void decide_requested() {
    const std::string& subject = cluster_.id.text;
    switch (standing_of(world_, Effect::fetch_release, subject, {3})) {
      case Standing::none:
      case Standing::retry:
      case Standing::unknown:  // fetching goes on where it was
        decision_.changes.push_back(start(world_, Effect::fetch_release, subject));
        break;
      case Standing::waiting:
        decision_.at(retry_at(world_, Effect::fetch_release, subject));
        break;
      case Standing::failed:
        end(Reason::bootstrap_failed,
            world_.rows.intents().latest(Effect::fetch_release, subject)->error);
        break;
      case Standing::done:
        for (std::int64_t index = 0; index <= cluster_.spec.workers; ++index) add_member(index);
        cluster_.deadline = world_.now + cluster_.spec.start_timeout_ms;
        move_to(S::provisioning, Reason::progress, "");
        break;
      case Standing::pending:
        break;
    }
  }

  void add_member(std::int64_t index) {
    Node node;
    node.id = node_of(cluster_.id, index);
    node.owner = cluster_.owner;
    node.cluster = cluster_.id;
    node.lease = lease_of(cluster_.id, index);
    node.role = index == 0 ? NodeRole::master : NodeRole::worker;
    node.index = index;
    node.host = fmt::format("{}-{}", cluster_.id.text,
                            index == 0 ? std::string("master") : fmt::format("worker-{}", index));
    node.created_at = world_.now;
    Lease lease;
    lease.id = node.lease;
    lease.owner = cluster_.owner;
    lease.cluster = cluster_.id;
    lease.node = node.id;
    lease.provider = cluster_.spec.provider;
    lease.expires_at = world_.now + world_.settings.lease_ttl;
    lease.created_at = world_.now;
    decision_.changes.push_back(Insert<Node>{node});
    decision_.changes.push_back(Insert<Lease>{lease});
  }

  // ---- from Provisioning to Running ----

  void decide_living() {
    const Member* master = rows_.master();
    if (master == nullptr) return end(Reason::internal_error, "it has no master row");
    if (auto loss = given_up(*master)) {
      return end(loss->reason, fmt::format("master: {}", loss->message));
    }
    count_and_replace_workers();
    if (moved_) return;
    give_plans(*master);
    advance(*master);
    if (!moved_) watch_deadline(*master);
    if (!moved_) watch_idle();
  }

  struct Loss {
    Reason reason;
    std::string message;
  };

  // Why a member that is wanted cannot be counted on any more.
  std::optional<Loss> given_up(const Member& member) {
    const Lease& lease = member.lease;
    const LeaseState state = lease.status.state;
    if (state == LeaseState::rent_failed || state == LeaseState::releasing ||
        state == LeaseState::release_failed || state == LeaseState::released ||
        state == LeaseState::lost) {
      return Loss{lease.status.reason,
                  fmt::format("{}: {}", member.node.host, lease.status.message)};
    }
    if (state != LeaseState::ready) return std::nullopt;
    if (!member.node.plan_error.empty()) {
      return Loss{Reason::bootstrap_failed, member.node.plan_error};
    }
    for (const auto& daemon : member.node.daemons) {
      if (daemon.state == DaemonState::failed) return Loss{Reason::daemon_failed, daemon.message};
    }
    if (member.node.ready) return std::nullopt;
    if (member.node.ready_at) return std::nullopt;  // was ready once; its agent restarts daemons
    const Time deadline = lease.status.since + world_.settings.node_ready_deadline;
    if (world_.now >= deadline) {
      return Loss{Reason::not_ready_in_time,
                  fmt::format("{} was not ready within {}{}", member.node.host,
                              human_duration(world_.settings.node_ready_deadline),
                              unready_daemons(member.node))};
    }
    decision_.at(deadline);
    return std::nullopt;
  }

  static std::string unready_daemons(const Node& node) {
    std::string text;
    for (const auto& daemon : node.daemons) {
      if (daemon.state == DaemonState::ready) continue;
      text += fmt::format("; {} is {}", daemon.name, to_text(daemon.state));
    }
    return text;
  }

  void count_and_replace_workers() {
    std::int64_t wanted = 0;
    std::int64_t ready = 0;
    std::int64_t lost_so_far = 0;
    std::int64_t next_index = 1;
    std::vector<std::pair<const Member*, Loss>> losses;
    for (const auto& [index, member] : rows_.members) {
      next_index = index + 1;
      if (index == 0) continue;
      if (!member.node.wanted) {
        if (!member.node.leaving_since) ++lost_so_far;
        continue;
      }
      const auto loss = given_up(member);
      if (leaves(member.node)) {
        if (loss) drop(member, fmt::format("lost while it was leaving: {}", loss->message));
        continue;
      }
      if (loss) {
        losses.emplace_back(&member, *loss);
        continue;
      }
      ++wanted;
      if (member.node.ready) ++ready;
    }
    cluster_.ready_workers = ready;
    cluster_.leaving = who_leaves();
    const auto budget = world_.settings.replacements_per_worker * cluster_.spec.workers;
    for (const auto& [member, loss] : losses) {
      if (++lost_so_far > budget) {
        return end(loss.reason,
                   fmt::format("{} workers were lost, the last: {}", lost_so_far, loss.message));
      }
      drop(*member, fmt::format("given up: {}", loss.message));
    }
    for (; wanted < cluster_.spec.workers; ++wanted) add_member(next_index++);
  }

  // "c-1-worker-3: 12 blocks left to copy"; empty: nobody leaves or comes back.
  std::string who_leaves() const {
    std::string text;
    for (const auto& [index, member] : rows_.members) {
      if (!leaves(member.node) && !comes_back(member.node)) continue;
      text +=
          fmt::format("{}{}: {}", text.empty() ? "" : "; ", member.node.host, member.node.drain);
    }
    return text;
  }

  void drop(const Member& member, std::string why) {
    Node node = member.node;
    node.wanted = false;
    decision_.changes.push_back(Update<Node>{node});
    decision_.changes.push_back(Note{note_on(node, "manager", std::move(why))});
  }

  // A node gets its plan as soon as the master's address is known, and a new revision when the
  // table of hosts changed or another one leaves; the latter waits until no machine is on its way,
  // so that n machines do not make n² plans.
  void give_plans(const Member& master) {
    if (!master.lease.machine) return;
    std::string table;
    bool more_to_come = false;
    for (const auto& [index, member] : rows_.members) {
      if (member.node.leaving_since) {
        table += member.node.host + (member.node.emptied ? " is empty\n" : " leaves\n");
      }
      if (!member.node.wanted) continue;
      if (member.lease.machine) {
        table += member.node.host + "=" + member.lease.machine->address + "\n";
      } else {
        more_to_come = more_to_come || member.lease.status.state == LeaseState::requested;
      }
    }
    const std::string inputs = sha256_hex(table).substr(0, 16);
    for (const auto& [index, member] : rows_.members) {
      const Node& node = member.node;
      if (!node.wanted || !member.lease.machine || node.plan_inputs == inputs) continue;
      if (node.plan_revision > 0 && more_to_come) continue;
      if (replaced_in_this_pass(node.id)) continue;
      Node next = node;
      next.plan_inputs = inputs;
      next.plan_revision += 1;
      decision_.changes.push_back(Update<Node>{next});
    }
  }

  bool replaced_in_this_pass(const NodeId& id) const {
    return std::any_of(decision_.changes.begin(), decision_.changes.end(),
                       [&](const Change& change) {
                         const auto* update = std::get_if<Update<Node>>(&change);
                         return update != nullptr && update->row.id == id;
                       });
  }

  void advance(const Member& master) {
    const LeaseState lease = master.lease.status.state;
    switch (cluster_.status.state) {
      case S::provisioning:
        if (master.lease.machine && lease != LeaseState::requested) {
          move_to(S::bootstrapping, Reason::progress, "");
        }
        break;
      case S::bootstrapping:
        if (lease == LeaseState::ready) move_to(S::starting, Reason::progress, "");
        break;
      case S::starting:
        if (master.node.ready && cluster_.ready_workers >= quorum(cluster_.spec.workers)) {
          cluster_.deadline = {};
          move_to(
              S::running, Reason::quorum_reached,
              fmt::format("{} of {} workers ready", cluster_.ready_workers, cluster_.spec.workers));
        }
        break;
      case S::running:
        if (!cluster_.leaving.empty() ||
            (cluster_.ready_workers < cluster_.spec.workers && more_members_than_ready())) {
          move_to(S::resizing, Reason::progress,
                  fmt::format("{} of {} workers ready{}{}", cluster_.ready_workers,
                              cluster_.spec.workers, cluster_.leaving.empty() ? "" : "; ",
                              cluster_.leaving));
        }
        break;
      case S::resizing:
        advance_resizing();
        break;
      default:
        break;
    }
  }

  void advance_resizing() {
    Reason reason = Reason::progress;
    std::string message;
    if (cluster_.ready_workers >= cluster_.spec.workers) {
      cluster_.deadline = {};
    } else if (cluster_.deadline == Time{}) {
      cluster_.deadline = world_.now + cluster_.spec.start_timeout_ms;
    } else if (world_.now >= cluster_.deadline) {
      cluster_.deadline = {};
      set_workers(cluster_, std::max<std::int64_t>(1, cluster_.ready_workers));
      reason = Reason::not_ready_in_time;
      message = "the missing workers were given up";
    }
    if (cluster_.deadline == Time{} && cluster_.leaving.empty()) {
      move_to(S::running, reason, std::move(message));
    }
  }

  // New workers are on their way (asked for, or in place of lost ones); a worker whose daemon
  // restarts is not one.
  bool more_members_than_ready() const {
    return std::any_of(rows_.members.begin(), rows_.members.end(), [](const auto& entry) {
      const Node& node = entry.second.node;
      return node.wanted && entry.first != 0 && !node.ready_at && !leaves(node);
    });
  }

  void watch_deadline(const Member& master) {
    if (cluster_.deadline == Time{} || cluster_.status.state == S::resizing) return;
    if (world_.now < cluster_.deadline) return decision_.at(cluster_.deadline);
    std::string slowest = unready_daemons(master.node);
    for (const auto& [index, member] : rows_.members) {
      if (member.node.wanted && !leaves(member.node) && !member.node.ready && index != 0) {
        slowest +=
            fmt::format("; {} is not ready{}", member.node.host, unready_daemons(member.node));
      }
    }
    end(Reason::not_ready_in_time,
        fmt::format("not running within {}{}", human_duration(cluster_.spec.start_timeout_ms),
                    slowest.substr(0, 2'000)));
  }

  // ---- idle ----

  bool in_use() const {
    for (const auto& [id, step] : rows_.steps) {
      if (!is_terminal(step.status.state)) return true;
    }
    return std::any_of(world_.rows.jobs().begin(), world_.rows.jobs().end(),
                       [&](const auto& item) { return item.second.cluster == cluster_.id; });
  }

  void watch_idle() {
    if (cluster_.status.state != S::running) return;
    if (in_use()) {
      cluster_.idle_since.reset();
      return;
    }
    if (!cluster_.idle_since) cluster_.idle_since = world_.now;
    if (cluster_.spec.idle_timeout_ms.count() == 0) return;
    const Time end_at = *cluster_.idle_since + cluster_.spec.idle_timeout_ms;
    if (world_.now < end_at) return decision_.at(end_at);
    end(Reason::idle, fmt::format("no step for {}", human_duration(cluster_.spec.idle_timeout_ms)));
  }

  // ---- the end ----

  void decide_terminating() {
    for (const auto& [index, member] : rows_.members) {
      if (!is_terminal(member.lease.status.state)) return;
    }
    for (const auto& [id, step] : rows_.steps) {
      if (!is_terminal(step.status.state)) return;
    }
    const Intent* fetch = world_.rows.intents().latest(Effect::fetch_release, cluster_.id.text);
    if (fetch != nullptr && fetch->state == IntentState::pending &&
        world_.facts.flying(Effect::fetch_release, cluster_.id.text)) {
      return;
    }
    cluster_.ready_workers = 0;
    cluster_.leaving.clear();
    move_to(ended_by_failure(cluster_.wish_reason) ? S::terminated_with_errors : S::terminated,
            cluster_.wish_reason, cluster_.wish_message);
  }

  void finish_row() {
    if (moved_) {
      moved_->row = cluster_;
      decision_.changes.push_back(*std::move(moved_));
    } else if (cluster_.ready_workers != rows_.cluster.ready_workers ||
               cluster_.idle_since != rows_.cluster.idle_since ||
               cluster_.spec.workers != rows_.cluster.spec.workers ||
               cluster_.leaving != rows_.cluster.leaving ||
               cluster_.deadline != rows_.cluster.deadline) {
      decision_.changes.push_back(Update<Cluster>{cluster_});
    }
  }

  const World& world_;
  const ClusterRows& rows_;
  Cluster cluster_;
  std::optional<Move<Cluster>> moved_;
  Decision decision_;
};

}  // namespace

Decision decide_cluster(const World& world, const ClusterRows& cluster) {
  return ClusterPass(world, cluster).decide();
}

}  // namespace bdaas
