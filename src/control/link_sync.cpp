#include "control/link_sync.h"

#include "base/digest.h"

namespace bdaas {

namespace {

bool holds_machine(const Lease& lease) {
  const LeaseState state = lease.status.state;
  return lease.machine &&
         (state == LeaseState::rented || state == LeaseState::ready || state == LeaseState::lost);
}

}  // namespace

Changes LinkSync::sync(const Rows& rows, Facts& facts, Time now) {
  Changes changes;
  for (const auto& [id, cluster] : rows.clusters()) {
    for (const auto& [index, member] : cluster.members) {
      if (!holds_machine(member.lease)) continue;
      if (open_.insert(member.node.id).second) {
        seams_->links->open(member.node.id, *member.lease.machine);
      }
      if (!member.node.connected) continue;
      sync_plan(cluster, member, now, changes);
      sync_lease(member, now);
    }
    for (const auto& [step_id, step] : cluster.steps) {
      if (!step.driver_node) continue;
      auto& seen = facts.outputs[step_id];
      if (!seen.ended) sync_output(cluster, step, seen, now);
    }
  }
  close_unwanted(rows);
  close_unsent(rows, facts);
  return changes;
}

void LinkSync::close_unwanted(const Rows& rows) {
  for (auto it = open_.begin(); it != open_.end();) {
    const auto* member = rows.member(*it);
    if (member != nullptr && holds_machine(member->lease)) {
      ++it;
      continue;
    }
    seams_->links->close(*it);
    said_.erase(*it);
    it = open_.erase(it);
  }
}

void LinkSync::sync_plan(const ClusterRows& cluster, const Member& member, Time now,
                         Changes& changes) {
  const Node& node = member.node;
  if (node.plan_revision == 0 || node.applied_revision >= node.plan_revision) return;
  auto& said = said_[node.id];
  if (said.revision == node.plan_revision && !due(said.revision_at, now)) return;
  const ClusterFacts facts = cluster_facts(cluster, *seams_);
  for (const auto& item : facts.nodes) {
    if (item.id != node.id) continue;
    const auto& engine = *seams_->engines.at(facts.spec.engine).engine;
    auto plan = engine.plan_node(facts, item);
    if (!plan) {
      if (node.plan_error == plan.error().message) return;
      Node broken = node;
      broken.plan_error = plan.error().message;
      changes.push_back(Update<Node>{broken});
      return;
    }
    plan->revision = node.plan_revision;
    seams_->links->send(node.id, ApplyPlan{*std::move(plan)});
    said.revision = node.plan_revision;
    said.revision_at = now;
  }
}

void LinkSync::sync_lease(const Member& member, Time now) {
  const Lease& lease = member.lease;
  if (lease.renewed_until >= lease.expires_at) return;
  auto& said = said_[member.node.id];
  if (said.lease_until == lease.expires_at && !due(said.lease_at, now)) return;
  seams_->links->send(member.node.id, RenewLease{lease.expires_at});
  said.lease_until = lease.expires_at;
  said.lease_at = now;
}

void LinkSync::sync_output(const ClusterRows& cluster, const Step& step, OutputSighting& seen,
                           Time now) {
  OutputSighting have;
  have.exited = step.exit_code.has_value();
  have.ended = true;
  const Member* driver = nullptr;
  for (const auto& [index, member] : cluster.members) {
    if (member.node.id == *step.driver_node) driver = &member;
  }
  const bool given_up = driver == nullptr || !holds_machine(driver->lease);
  if (given_up && is_terminal(step.status.state)) seams_->spool->close(step.id);
  for (const auto stream : {OutputStream::out, OutputStream::err, OutputStream::work}) {
    const SpoolState state = seams_->spool->state(step.id, stream);
    have.bytes += state.bytes;
    if (state.ended) continue;
    have.ended = false;
    const bool there = stream != OutputStream::work || step.exit_code;
    if (there && !given_up && driver->node.connected) {
      follow(driver->node.id, step, stream, state.bytes, now);
    }
  }
  const auto what = [](const OutputSighting& one) {
    return std::tie(one.bytes, one.exited, one.ended);
  };
  have.moved_at = what(have) == what(seen) && seen.moved_at != Time{} ? seen.moved_at : now;
  seen = have;
  if (seen.ended && !given_up) forget_follows(driver->node.id, step.id);
}

// A stream that is being followed sends by itself; asking again is for the case that the order was
// lost. What was refused does not come by itself, and is not waited for long when its program ends.
void LinkSync::follow(const NodeId& node, const Step& step, OutputStream stream,
                      std::int64_t offset, Time now) {
  const StreamKey key{step.id, stream};
  auto& said_at = said_[node].follows[key];
  const Millis pause = refused_.contains(key) ? repeat_after_ : repeat_after_ * 3;
  if (said_at != Time{} && now < said_at + pause) return;
  seams_->links->send(node, Follow{step.id, stream, offset});
  said_at = now;
}

void LinkSync::forget_follows(const NodeId& node, const StepId& step) {
  const auto said = said_.find(node);
  if (said == said_.end()) return;
  std::erase_if(said->second.follows, [&](const auto& item) { return item.first.first == step; });
}

// The cluster of such a step has ended.
void LinkSync::close_unsent(const Rows& rows, Facts& facts) {
  std::erase_if(facts.outputs, [&](const auto& item) {
    if (rows.step(item.first) != nullptr) return false;
    if (!item.second.ended) seams_->spool->close(item.first);
    std::erase_if(refused_, [&](const auto& key) { return key.first == item.first; });
    return true;
  });
}

void LinkSync::take_output(const NodeId& node, const OutputChunk& chunk, Time now) {
  const auto bytes = from_base64(chunk.data);
  const auto taken =
      bytes ? seams_->spool->append(chunk.step, chunk.stream, chunk.offset, *bytes, chunk.end)
            : Result<SpoolState>(bytes.error());
  const StreamKey key{chunk.step, chunk.stream};
  if (taken) {
    refused_.erase(key);
    return;
  }
  const bool gap = taken.error().kind == ErrorKind::failed_precondition;
  if (gap && refused_.contains(key)) return;  // what was sent behind the refused chunk
  auto& said_at = said_[node].follows[key];
  if (gap) {
    said_at = {};  // followed again from what is there, at the next sync
    return;
  }
  // Followed again at once it would be sent, and refused, without end.
  if (said_at == Time{}) said_at = now;
  if (!refused_.insert(key).second) return;
  log_.warning("the {} of step {} cannot be kept now and is asked for again every {}: {}",
               to_text(chunk.stream), chunk.step.text, human_duration(repeat_after_),
               taken.error().message);
}

}  // namespace bdaas
