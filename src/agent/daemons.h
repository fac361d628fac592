#pragma once
// Keeps the plan's daemons as decide_daemon() says: observes, decides, records, acts. One thread,
// never blocks long.

#include <map>

#include "agent/agent_state.h"
#include "agent/node_context.h"
#include "agent/node_files.h"
#include "agent/probe.h"

namespace bdaas {

class Daemons {
 public:
  // All outlive it. What the store has recorded of living processes is adopted.
  Daemons(const NodeContext& node, const NodeFiles& files, StateStore& store);

  void plan_changed();  // the store's plan is another one
  // Brings what runs nearer to the plan. True: something to report has changed.
  bool tick(Instant now);
  void wait_for(WaitSet& wait) const;

  void stop_all();         // from now on nothing is wanted
  bool none_left() const;  // nothing recorded any more
  bool owns(pid_t pid) const;
  void bound_logs() const;
  std::vector<DaemonStatus> statuses() const;

 private:
  struct Live {  // of one record, what need not outlive the agent
    std::optional<Process> process;
    Probing probing;
    DaemonAct sent = DaemonAct::none;
    std::optional<Instant> stop_began;
    Instant look_again{};
  };

  bool add_wanted();
  const DaemonSpec* spec_of(const DaemonRecord& record) const;  // nullptr: not wanted like this
  bool advance(DaemonRecord& record, Live& live, Instant now);
  DaemonFacts observe(const DaemonSpec* spec, DaemonRecord& record, Live& live, Instant now);
  void record_end(const DaemonSpec& spec, DaemonRecord& record, const DaemonDecision& decision,
                  const DaemonFacts& facts, Instant now) const;
  void act(const DaemonSpec& spec, DaemonRecord& record, Live& live, DaemonAct act, Instant now);
  void not_started(const DaemonSpec& spec, const std::vector<std::string>& argv,
                   DaemonRecord& record, Live& live, const Error& error, Instant now) const;
  Result<> start(const DaemonSpec& spec, const std::vector<std::string>& argv, DaemonRecord& record,
                 Live& live, Instant now);

  const NodeContext& node_;
  const NodeFiles& files_;
  StateStore& store_;
  std::vector<std::string> fingerprints_;  // of the plan's daemons, in their order
  std::map<std::string, Live> live_;       // by name, one for each record
  bool stopping_ = false;
};

}  // namespace bdaas
