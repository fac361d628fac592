#pragma once
// For tests of the deciders: real rows in a store of their own, and a world made of them.

#include <gtest/gtest.h>

#include <memory>

#include "base/temp_dir.h"
#include "control/deciders.h"

namespace bdaas {

class TestWorld {
 public:
  TestWorld()
      : dir_(TempDir::make().value()),
        store_(Store::open(dir_.path() / "rows.db").value()),
        rows(*store_) {
    facts.installation = InstallationId{"i-test"};
  }

  World world() const { return {rows, facts, settings, now}; }

  // A new row starts where its edge table begins; this walks it to `wanted` by the shortest way.
  template <class N>
  void walk(const N& row, StateOf<N> wanted) {
    for (const auto state : way_to(wanted)) {
      const auto stored = rows.store().get<N>(row.id);
      ASSERT_TRUE(stored.ok());
      apply({Move<N>{*stored, state, Reason::progress, "test", ""}});
    }
  }

  void apply(Changes changes) {
    const auto applied = rows.apply(changes, now);
    ASSERT_TRUE(applied.ok()) << applied.error().message;
    for (const auto& change : changes) {
      if (const auto* started = std::get_if<Start>(&change)) {
        facts.in_flight.insert({started->effect, started->subject});
      }
    }
  }

  // Ends the newest intent of an effect as its answer would.
  void settle(Effect effect, const std::string& subject, IntentState state,
              ErrorKind kind = ErrorKind::internal) {
    facts.in_flight.erase({effect, subject});
    Intent intent = *rows.intents().latest(effect, subject);
    intent.state = state;
    intent.error_kind = kind;
    intent.error = state == IntentState::failed ? "the words of the other side" : "";
    intent.ended_at = now;
    apply({Settle{intent}});
  }

  // A cluster with its members, all in the states given.
  ClusterId add_cluster(ClusterState state, std::int64_t workers, LeaseState leases) {
    Cluster cluster;
    cluster.id = ClusterId{"c-test"};
    cluster.owner = UserId{"u-test"};
    cluster.spec.workers = workers;
    Changes changes{Insert<Cluster>{cluster}};
    for (std::int64_t index = 0; index <= workers; ++index) {
      Node node;
      node.id = node_of(cluster.id, index);
      node.owner = cluster.owner;
      node.cluster = cluster.id;
      node.lease = lease_of(cluster.id, index);
      node.role = index == 0 ? NodeRole::master : NodeRole::worker;
      node.index = index;
      node.host = fmt::format("host-{}", index);
      const bool up = leases == LeaseState::ready;
      node.connected = up;
      Lease lease;
      lease.id = node.lease;
      lease.owner = node.owner;
      lease.cluster = cluster.id;
      lease.node = node.id;
      lease.provider = "fake";
      lease.expires_at = now + settings.lease_ttl;
      if (leases != LeaseState::requested) {
        lease.machine = Machine{fmt::format("m-{}", index), fmt::format("127.0.0.{}", index + 1)};
      }
      changes.push_back(Insert<Node>{node});
      changes.push_back(Insert<Lease>{lease});
    }
    apply(changes);
    walk(cluster, state);
    for (std::int64_t index = 0; index <= workers; ++index) {
      walk(this->cluster().members.at(index).lease, leases);
    }
    return cluster.id;
  }

  // A step of the first cluster.
  StepId add_step(const std::string& id, StepState state) {
    Step step;
    step.id = StepId{id};
    step.owner = UserId{"u-test"};
    step.cluster = cluster().cluster.id;
    step.created_at = now;
    apply({Insert<Step>{step}});
    walk(step, state);
    return step.id;
  }

  // A job with the ids that follow from its own; its cluster and step are for the test to add.
  JobId add_job(JobState state, JobSpec spec = {}) {
    Job job;
    job.id = JobId{"j-test"};
    job.owner = UserId{"u-test"};
    job.spec = std::move(spec);
    job.cluster = job.spec.cluster ? job.spec.cluster : cluster_of(job.id);
    job.step = step_of(job.id);
    job.created_at = now;
    apply({Insert<Job>{job}});
    walk(job, state);
    return job.id;
  }

  // What the engine said of a step, asked and answered now.
  void see(const StepId& step, RunState state, const std::string& error = {}) {
    auto& seen = facts.runs[step];
    seen.asked_at = now;
    seen.error = error;
    if (!error.empty()) return;
    seen.at = now;
    seen.run.state = state;
  }

  const Step& step(const std::string& id) const { return cluster().steps.at(StepId{id}); }
  const Job& job() const { return rows.jobs().begin()->second; }
  template <class Edit>
  void edit_step(const std::string& id, Edit edit) {
    Step row = step(id);
    edit(row);
    apply({Update<Step>{row}});
  }
  template <class Edit>
  void edit_job(Edit edit) {
    Job row = job();
    edit(row);
    apply({Update<Job>{row}});
  }

  const ClusterRows& cluster() const { return rows.clusters().begin()->second; }
  const Member& member(std::int64_t index) const { return cluster().members.at(index); }

  template <class Edit>
  void edit_node(std::int64_t index, Edit edit) {
    Node node = member(index).node;
    edit(node);
    apply({Update<Node>{node}});
  }
  template <class Edit>
  void edit_lease(std::int64_t index, Edit edit) {
    Lease lease = member(index).lease;
    edit(lease);
    apply({Update<Lease>{lease}});
  }
  template <class Edit>
  void edit_cluster(Edit edit) {
    Cluster row = cluster().cluster;
    edit(row);
    apply({Update<Cluster>{row}});
  }

  // A complete list, asked for now, of the machines of these members.
  void list(const std::vector<std::int64_t>& members) {
    auto& answer = facts.lists["fake"];
    answer.begun_at = now;
    answer.machines.clear();
    for (const auto index : members) {
      ListedMachine machine;
      machine.installation = facts.installation;
      machine.token = member(index).lease.id;
      machine.machine.machine_id = fmt::format("m-{}", index);
      machine.machine.address = fmt::format("127.0.0.{}", index + 1);
      answer.machines[machine.token] = machine;
    }
  }

  void pass(Millis by) { now += by; }

 private:
  // Breadth first over the edge table; without the state it starts from.
  template <class State>
  static std::vector<State> way_to(State wanted) {
    constexpr auto edges = edge_table(State{});
    std::vector<std::vector<State>> ways{{edges.front().from}};
    std::set<State> seen{edges.front().from};
    for (std::size_t i = 0; i < ways.size(); ++i) {
      if (ways[i].back() == wanted) return {ways[i].begin() + 1, ways[i].end()};
      for (const auto& edge : edges) {
        if (edge.from != ways[i].back() || !seen.insert(edge.to).second) continue;
        auto longer = ways[i];
        longer.push_back(edge.to);
        ways.push_back(std::move(longer));
      }
    }
    return {};
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;

 public:
  Rows rows;
  Facts facts;
  ControlSettings settings;
  Time now{Millis{1'700'000'000'000}};
};

// A copy of the only change of that kind, or null.
template <class Wanted>
std::shared_ptr<const Wanted> find_change(const Decision& decision) {
  std::shared_ptr<const Wanted> found;
  for (const auto& change : decision.changes) {
    if (const auto* item = std::get_if<Wanted>(&change)) {
      EXPECT_EQ(found, nullptr) << "two changes of one kind";
      found = std::make_shared<const Wanted>(*item);
    }
  }
  return found;
}

inline bool starts(const Decision& decision, Effect effect) {
  for (const auto& change : decision.changes) {
    const auto* item = std::get_if<Start>(&change);
    if (item != nullptr && item->effect == effect) return true;
  }
  return false;
}

}  // namespace bdaas
