#pragma once
// Makes the node links follow the rows: who is dialled, which plan, which dead-man time and which
// output an agent has been told of. Level-triggered: what is not acknowledged is said again, so a
// lost message costs time, not truth. One thread: the control thread.

#include "base/log.h"
#include "control/effects.h"

namespace bdaas {

class LinkSync {
 public:
  LinkSync(const Seams& seams, Millis repeat_after, Log log)
      : seams_(&seams), repeat_after_(repeat_after), log_(std::move(log)) {}

  // A plan that cannot be rendered is an error of that node, in its row: returned as changes.
  // Also notes in `facts` how much of each step's output is here. Output that nobody can send any
  // more (the driver's node was given up, or its cluster has ended) is closed.
  Changes sync(const Rows& rows, Facts& facts, Time now);

  // The link of a node came up anew: whatever was said to it may be lost.
  void forget(const NodeId& node) { said_.erase(node); }

  // Puts a chunk where it belongs; a gap makes the stream be followed again from what is there, at
  // once. What cannot be kept (the disk is full) is followed again after a pause, and said once.
  void take_output(const NodeId& node, const OutputChunk& chunk, Time now);

 private:
  using StreamKey = std::pair<StepId, OutputStream>;
  struct Said {
    std::int64_t revision = 0;
    Time revision_at{};
    Time lease_until{};
    Time lease_at{};
    std::map<StreamKey, Time> follows;
  };

  void sync_plan(const ClusterRows& cluster, const Member& member, Time now, Changes& changes);
  void sync_lease(const Member& member, Time now);
  void sync_output(const ClusterRows& cluster, const Step& step, OutputSighting& seen, Time now);
  void follow(const NodeId& node, const Step& step, OutputStream stream, std::int64_t offset,
              Time now);
  void forget_follows(const NodeId& node, const StepId& step);
  void close_unsent(const Rows& rows, Facts& facts);
  void close_unwanted(const Rows& rows);
  bool due(Time said_at, Time now) const { return now >= said_at + repeat_after_; }

  const Seams* seams_;
  Millis repeat_after_;
  Log log_;
  std::map<NodeId, Said> said_;
  std::set<NodeId> open_;
  std::set<StreamKey> refused_;  // by the spool, and nothing taken since
};

}  // namespace bdaas
