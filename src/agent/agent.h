#pragma once
// The agent: takes orders, keeps the plan true, reports. Its parts do the work; this class only
// brings orders to them and reports from them to the links, in rounds (wait_set.h).

#include "agent/daemons.h"
#include "agent/link_server.h"
#include "agent/sampler.h"
#include "agent/steps.h"

namespace bdaas {

class Agent {
 public:
  // All outlive it.
  Agent(const NodeContext& node, const NodeFiles& files, StateStore& store, LinkServer& server);

  // One round. False: it has ended for good; clean_up() is next.
  bool tick();
  void wait_for(WaitSet& wait) const;

  // Kills what is left of the node and removes its directory.
  static Result<> clean_up(const NodeContext& node);

 private:
  void take_orders(Connection& connection, Instant now);
  void carry_out(const ApplyPlan& order);
  void carry_out(const RenewLease& order);
  void carry_out(const RunStep& order);
  Result<> apply(const NodePlan& plan);
  void report(Instant now);
  void slow_pass(Instant now);
  bool send_output(Connection& connection);  // true: there may be more than it has room for
  void watch_lease(Instant now);
  void reap_orphans() const;
  Hello hello() const;
  Now time() const;

  const NodeContext& node_;
  const NodeFiles& files_;
  StateStore& store_;
  LinkServer& server_;
  Outbox outbox_;
  Daemons daemons_;
  Steps steps_;
  Sampler sampler_;
  SystemClock clock_;
  std::string start_;  // of this agent; differs after each
  Instant next_slow_pass_{};
  std::optional<Instant> end_by_;  // the lease is over: everything is being stopped until then
  bool shut_down_ = false;         // at once
  bool daemons_changed_ = true;    // since the last report
  bool more_output_ = false;       // for a connection that was full and has room again
};

}  // namespace bdaas
