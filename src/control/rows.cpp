#include "control/rows.h"

#include <set>

namespace bdaas {

const Intent* Intents::latest(Effect effect, const std::string& subject) const {
  const auto found = rows_.find({subject, effect});
  return found == rows_.end() ? nullptr : &found->second;
}

const Intent* Intents::by_id(const IntentId& id) const {
  for (const auto& [key, intent] : rows_) {
    if (intent.id == id) return &intent;
  }
  return nullptr;
}

void Intents::put(const Intent& intent) {
  auto& slot = rows_[{intent.subject, intent.effect}];
  if (slot.id.empty() || slot.id == intent.id || slot.created_at <= intent.created_at) {
    slot = intent;
  }
}

void Intents::forget(const std::string& subject) {
  auto it = rows_.lower_bound({subject, Effect{}});
  while (it != rows_.end() && it->first.first == subject) it = rows_.erase(it);
}

IntentId intent_id(Effect effect, const std::string& subject, std::int64_t attempt, Time now) {
  return IntentId{fmt::format("t-{}-{}-{}-{}", to_text(effect), subject,
                              now.time_since_epoch().count(), attempt)};
}

Result<> Rows::load() {
  clusters_.clear();
  jobs_.clear();
  intents_ = {};
  node_places_.clear();
  lease_places_.clear();
  step_places_.clear();
  BDAAS_ASSIGN(const auto clusters, store_->list<Cluster>());
  for (const auto& row : clusters) {
    if (!is_terminal(row.status.state)) BDAAS_TRY(load_cluster(row));
  }
  BDAAS_ASSIGN(const auto jobs, store_->list<Job>());
  for (const auto& row : jobs) {
    if (is_terminal(row.status.state)) continue;
    keep(row);
    BDAAS_TRY(load_intents(row.id.text));
  }
  return {};
}

Result<> Rows::load_cluster(const Cluster& row) {
  keep(row);
  BDAAS_TRY(load_intents(row.id.text));
  Query below;
  below.parent = row.id.text;
  BDAAS_ASSIGN(const auto nodes, store_->list<Node>(below));
  for (const auto& node : nodes) {
    keep(node);
    BDAAS_TRY(load_intents(node.id.text));
  }
  BDAAS_ASSIGN(const auto leases, store_->list<Lease>(below));
  for (const auto& lease : leases) {
    keep(lease);
    BDAAS_TRY(load_intents(lease.id.text));
  }
  BDAAS_ASSIGN(const auto steps, store_->list<Step>(below));
  for (const auto& step : steps) {
    keep(step);
    BDAAS_TRY(load_intents(step.id.text));
  }
  return {};
}

// Of the living only: those of the ended grow with every job that ever ran.
Result<> Rows::load_intents(const std::string& subject) {
  Query about;
  about.parent = subject;
  BDAAS_ASSIGN(const auto intents, store_->list<Intent>(about));
  for (const auto& row : intents) keep(row);
  return {};
}

Result<> Rows::apply(const std::vector<Change>& changes, Time now) {
  bool before_effect = false;
  BDAAS_TRY(store_->begin());
  for (const auto& change : changes) {
    before_effect = before_effect || std::holds_alternative<Start>(change);
    auto written = write(change, now);
    if (written) continue;
    store_->rollback();
    BDAAS_TRY(load());
    return written;
  }
  if (something_ended_) {
    if (auto settled = settle_for_the_ended(now); !settled) {
      store_->rollback();
      BDAAS_TRY(load());
      return settled;
    }
  }
  auto committed = store_->commit(before_effect ? Durability::full : Durability::normal);
  if (!committed) {
    BDAAS_TRY(load());
    return committed;
  }
  if (something_ended_) drop_ended();
  return {};
}

Result<> Rows::write(const Change& change, Time now) {
  return std::visit(
      [&](const auto& item) -> Result<> {
        using Item = std::decay_t<decltype(item)>;
        if constexpr (std::is_same_v<Item, Start>) {
          if (kEffects[static_cast<std::size_t>(item.effect)].asked_again) return {};
          const Intent* before = intents_.latest(item.effect, item.subject);
          if (before != nullptr && before->state == IntentState::pending) {
            BDAAS_TRY(leave_unanswered(*before, now));
          }
          Intent intent;
          intent.id = intent_id(item.effect, item.subject, item.attempt, now);
          intent.effect = item.effect;
          intent.subject = item.subject;
          intent.attempt = item.attempt;
          intent.created_at = now;
          if (before != nullptr && before->state != IntentState::done) {
            intent.failing_since = before->failing_since;
          }
          BDAAS_TRY(store_->insert(intent, now));
          keep(intent);
        } else if constexpr (std::is_same_v<Item, Settle>) {
          Intent intent = item.intent;
          const bool first = intent.failing_since == Time{};
          if (intent.state == IntentState::failed && first) intent.failing_since = intent.ended_at;
          BDAAS_TRY(store_->update(intent));
          keep(intent);
        } else if constexpr (std::is_same_v<Item, Note>) {
          HistoryRow row = item.row;
          row.at = now;
          BDAAS_TRY(store_->append_history(std::move(row)));
        } else {
          auto row = item.row;
          if constexpr (requires { item.to; }) {
            BDAAS_TRY(
                store_->transition(row, item.to, item.reason, item.source, item.message, now));
            something_ended_ = something_ended_ || is_terminal(item.to);
          } else if constexpr (std::is_same_v<Item, Insert<decltype(row)>>) {
            BDAAS_TRY(store_->insert(row, now));
          } else {
            BDAAS_TRY(store_->update(row));
          }
          keep(row);
        }
        return {};
      },
      change);
}

void Rows::keep(const Cluster& row) { clusters_[row.id].cluster = row; }

void Rows::keep(const Node& row) {
  clusters_[row.cluster].members[row.index].node = row;
  node_places_[row.id] = {row.cluster, row.index};
  lease_places_[row.lease] = {row.cluster, row.index};
}

void Rows::keep(const Lease& row) {
  const auto place = lease_places_.find(row.id);
  if (place == lease_places_.end())
    return;  // its node is written before it, in the same transaction
  clusters_[row.cluster].members[place->second.second].lease = row;
}

void Rows::keep(const Step& row) {
  clusters_[row.cluster].steps[row.id] = row;
  step_places_[row.id] = row.cluster;
}

void Rows::keep(const Job& row) { jobs_[row.id] = row; }
void Rows::keep(const Intent& row) { intents_.put(row); }

// Answers that are still to come find nobody any more.
Result<> Rows::settle_for_the_ended(Time now) {
  std::set<std::string> ended;
  for (const auto& [id, cluster] : clusters_) {
    if (!is_terminal(cluster.cluster.status.state)) continue;
    ended.insert(id.text);
    for (const auto& [index, member] : cluster.members) {
      ended.insert({member.node.id.text, member.lease.id.text});
    }
    for (const auto& [step_id, step] : cluster.steps) ended.insert(step_id.text);
  }
  for (const auto& [id, job] : jobs_) {
    if (is_terminal(job.status.state)) ended.insert(id.text);
  }
  std::vector<Intent> left;
  for (const auto& [key, intent] : intents_.all()) {
    const bool pending = intent.state == IntentState::pending;
    if (pending && ended.contains(intent.subject)) left.push_back(intent);
  }
  for (auto& intent : left) BDAAS_TRY(leave_unanswered(std::move(intent), now));
  return {};
}

Result<> Rows::leave_unanswered(Intent intent, Time now) {
  intent.state = IntentState::unknown;
  intent.error = "nobody waits for its answer any more";
  intent.ended_at = now;
  BDAAS_TRY(store_->update(intent));
  keep(intent);
  return {};
}

void Rows::drop_ended() {
  something_ended_ = false;
  for (auto it = clusters_.begin(); it != clusters_.end();) {
    if (!is_terminal(it->second.cluster.status.state)) {
      ++it;
      continue;
    }
    intents_.forget(it->first.text);
    for (const auto& [index, member] : it->second.members) {
      node_places_.erase(member.node.id);
      lease_places_.erase(member.lease.id);
      intents_.forget(member.node.id.text);
      intents_.forget(member.lease.id.text);
    }
    for (const auto& [id, step] : it->second.steps) {
      step_places_.erase(id);
      intents_.forget(id.text);
    }
    it = clusters_.erase(it);
  }
  for (auto it = jobs_.begin(); it != jobs_.end();) {
    if (is_terminal(it->second.status.state)) {
      intents_.forget(it->first.text);
      it = jobs_.erase(it);
    } else {
      ++it;
    }
  }
}

const ClusterRows* Rows::cluster(const ClusterId& id) const {
  const auto found = clusters_.find(id);
  return found == clusters_.end() ? nullptr : &found->second;
}

const Member* Rows::member(const NodeId& id) const {
  const auto place = node_places_.find(id);
  if (place == node_places_.end()) return nullptr;
  return &clusters_.at(place->second.first).members.at(place->second.second);
}

const Member* Rows::member_of_lease(const LeaseId& id) const {
  const auto place = lease_places_.find(id);
  if (place == lease_places_.end()) return nullptr;
  return &clusters_.at(place->second.first).members.at(place->second.second);
}

const Step* Rows::step(const StepId& id) const {
  const auto place = step_places_.find(id);
  if (place == step_places_.end()) return nullptr;
  return &clusters_.at(place->second).steps.at(id);
}

const Job* Rows::job(const JobId& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

std::int64_t Rows::bytes_of(const std::vector<DataSetId>& data) const {
  std::int64_t total = 0;
  for (const auto& id : data) {
    if (const auto row = store_->get<DataSet>(id)) total += row->bytes;
  }
  return total;
}

}  // namespace bdaas
