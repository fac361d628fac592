#pragma once
// The living rows, as the control thread sees them: every cluster and job that has not ended, with
// all that hangs on them, written through to the store. Loaded whole at start. One thread: the
// writer.
//
// A change is applied to the store and to memory together; when a commit fails, memory is loaded
// again.

#include <map>
#include <unordered_map>

#include "control/changes.h"
#include "store/store.h"

namespace bdaas {

struct Member {
  Node node;
  Lease lease;
};

struct ClusterRows {
  Cluster cluster;
  std::map<std::int64_t, Member> members;  // by index; 0 is the master
  std::map<StepId, Step> steps;

  const Member* master() const {
    const auto found = members.find(0);
    return found == members.end() ? nullptr : &found->second;
  }
};

// The newest intent of each effect and subject.
class Intents {
 public:
  const Intent* latest(Effect effect, const std::string& subject) const;
  const Intent* by_id(const IntentId& id) const;
  void put(const Intent& intent);
  void forget(const std::string& subject);
  const std::map<std::pair<std::string, Effect>, Intent>& all() const { return rows_; }

 private:
  std::map<std::pair<std::string, Effect>, Intent> rows_;
};

class Rows {
 public:
  explicit Rows(Store& store) : store_(&store) {}

  Result<> load();

  // Applies changes in one transaction. `full` when an effect follows: its intent must be on disk
  // before its call.
  Result<> apply(const std::vector<Change>& changes, Time now);

  const std::map<ClusterId, ClusterRows>& clusters() const { return clusters_; }
  const std::map<JobId, Job>& jobs() const { return jobs_; }
  const Intents& intents() const { return intents_; }

  const ClusterRows* cluster(const ClusterId& id) const;
  const Member* member(const NodeId& id) const;
  const Member* member_of_lease(const LeaseId& id) const;
  const Step* step(const StepId& id) const;
  const Job* job(const JobId& id) const;

  Store& store() { return *store_; }
  const Store& store() const { return *store_; }

  // Of those that exist.
  std::int64_t bytes_of(const std::vector<DataSetId>& data) const;

 private:
  Result<> load_cluster(const Cluster& row);
  Result<> load_intents(const std::string& subject);
  Result<> write(const Change& change, Time now);
  void keep(const Cluster& row);
  void keep(const Node& row);
  void keep(const Lease& row);
  void keep(const Step& row);
  void keep(const Job& row);
  void keep(const Intent& row);
  void keep(const Program&) {}
  void keep(const DataSet&) {}
  void keep(const JobResult&) {}
  Result<> settle_for_the_ended(Time now);
  Result<> leave_unanswered(Intent intent, Time now);
  void drop_ended();

  Store* store_;
  std::map<ClusterId, ClusterRows> clusters_;
  std::map<JobId, Job> jobs_;
  Intents intents_;
  std::unordered_map<NodeId, std::pair<ClusterId, std::int64_t>> node_places_;
  std::unordered_map<LeaseId, std::pair<ClusterId, std::int64_t>> lease_places_;
  std::unordered_map<StepId, ClusterId> step_places_;
  bool something_ended_ = false;
};

}  // namespace bdaas
