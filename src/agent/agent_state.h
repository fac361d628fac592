#pragma once
// What the agent must know after its own death, in <dir>/agent-state.json and
// <dir>/agent-plan.json. Written beside and renamed; a process is recorded before it does anything
// (process.h), so none is ever started twice or forgotten.

#include <string>
#include <vector>

#include "agent/daemon_run.h"
#include "agent/lease_watch.h"
#include "model/agent_messages.h"

namespace bdaas {

// A step that was seen on this node, by RunStep or because a container runs it.
struct StepRecord {
  StepId step;
  std::optional<ProcessId> process;  // the `exec` process that keeps its output
  std::int64_t attempt = 0;          // of that process, as it says in steps/<step>/started
  bool by_order = false;             // started by RunStep
  bool ended = false;                // its end was reported
  std::int64_t exit_code = 0;

  static constexpr auto fields() {
    return std::tuple{required("step", &StepRecord::step, ""),
                      optional("process", &StepRecord::process, ""),
                      optional("attempt", &StepRecord::attempt, ""),
                      optional("by_order", &StepRecord::by_order, ""),
                      optional("ended", &StepRecord::ended, ""),
                      optional("exit_code", &StepRecord::exit_code, "")};
  }
};

struct AgentState {
  std::string boot;  // of the kernel; processes and instants are of no use in another
  LeaseWatch lease;
  std::vector<DaemonRecord> daemons;
  std::vector<StepRecord> steps;  // by growing id
  std::int64_t last_seq = 0;
  std::vector<std::string> reports;  // not acknowledged, each as its line

  static constexpr auto fields() {
    return std::tuple{required("boot", &AgentState::boot, ""),
                      required("lease", &AgentState::lease, ""),
                      optional("daemons", &AgentState::daemons, ""),
                      optional("steps", &AgentState::steps, ""),
                      optional("last_seq", &AgentState::last_seq, ""),
                      optional("reports", &AgentState::reports, "not acknowledged")};
  }
};

// What of a state still holds after a reboot: nothing that was a process. Pure.
AgentState carried_into(AgentState state, const std::string& boot);

// Owns the state and its files. Parts change `state` and call save() where the order matters, else
// mark().
class StateStore {
 public:
  // Reads what an earlier agent left in dir, or begins anew. corrupted: a file is there and cannot
  // be understood.
  static Result<StateStore> open(const std::string& dir, const std::string& boot);

  AgentState state;
  const NodePlan& plan() const { return plan_; }

  std::int64_t saved_seq() const { return saved_seq_; }  // state.last_seq as it was saved last

  void mark() { changed_ = true; }
  Result<> save();
  Result<> save_if_marked() { return changed_ ? save() : Result<>(); }
  Result<> save_plan(NodePlan plan);

 private:
  explicit StateStore(std::string dir) : dir_(std::move(dir)) {}

  std::string dir_;
  NodePlan plan_;
  bool changed_ = false;
  std::int64_t saved_seq_ = 0;
};

}  // namespace bdaas
