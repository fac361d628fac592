#pragma once
// The steps of this node: those the manager ordered (RunStep), and those that a container runs by
// itself through `bdaas-agent exec`. Both leave the same files (step_files.h); the agent looks at
// them when inotify says that something was renamed there, and every five seconds in any case. One
// thread.

#include <map>

#include "agent/agent_state.h"
#include "agent/node_context.h"
#include "agent/node_files.h"
#include "agent/wait_set.h"

namespace bdaas {

class Steps {
 public:
  // All outlive it.
  Steps(const NodeContext& node, const NodeFiles& files, StateStore& store);

  // Starts it unless it was started before. Errors are the caller's to report: nothing runs.
  Result<> run(const RunSpec& run);
  void stop(const StepId& step, Millis grace, Instant now);
  void stop_all(Instant now);

  // What has begun or ended since the last call.
  std::vector<StepProcess> tick(Instant now);
  void wait_for(WaitSet& wait) const;

  bool has_ended(const StepId& step) const;
  bool none_running() const;
  bool owns(pid_t pid) const;

 private:
  struct Live {
    std::optional<Process> process;  // of exec
    std::optional<Instant> kill_at;
    std::int64_t started_file = 0;  // inode of the `started` that was read last
  };

  void discover();
  void look(StepRecord& record, Live& live, std::vector<StepProcess>& reports);
  StepProcess report_of(const StepRecord& record) const;
  static std::string last_words(const std::string& dir);
  void end(StepRecord& record, std::int64_t code, std::string_view why,
           std::vector<StepProcess>& reports);
  StepRecord& record_of(const StepId& step);
  const StepRecord* find(const StepId& step) const;
  std::string dir_of(const StepId& step) const;
  Result<> start(const RunSpec& run, StepRecord& record);

  const NodeContext& node_;
  const NodeFiles& files_;
  StateStore& store_;
  std::map<StepId, Live> live_;
  UniqueFd inotify_;
  Instant next_scan_{};
  bool look_now_ = true;
};

}  // namespace bdaas
