#pragma once
// The deciders: pure functions of rows, facts and time. No I/O, no clock, no locks, no randomness.

#include <functional>
#include <limits>

#include "control/facts.h"
#include "control/rows.h"
#include "control/settings.h"
#include "model/engine.h"

namespace bdaas {

// What every decider may look at.
struct World {
  const Rows& rows;
  const Facts& facts;
  const ControlSettings& settings;
  Time now;
};

Decision decide_job(const World& world, const Job& job);
Decision decide_cluster(const World& world, const ClusterRows& cluster);
Decision decide_lease(const World& world, const ClusterRows& cluster, const Member& member);
Decision decide_step(const World& world, const ClusterRows& cluster, const Step& step);

// Which workers have left the engine and may be released, and which stay after all; asks the engine
// meanwhile.
Decision decide_draining(const World& world, const ClusterRows& cluster);

// Which providers to list now, and which machines of ours have no lease any more (those are
// released).
Decision decide_reaping(const World& world, const std::vector<std::string>& providers);

// The deciders as the loop calls them. The default is the product; a test may put others in.
struct Deciders {
  std::function<decltype(decide_job)> job = decide_job;
  std::function<decltype(decide_cluster)> cluster = decide_cluster;
  std::function<decltype(decide_lease)> lease = decide_lease;
  std::function<decltype(decide_step)> step = decide_step;
  std::function<decltype(decide_draining)> draining = decide_draining;
  std::function<decltype(decide_reaping)> reaping = decide_reaping;
};

// ---- shared by the deciders ----

// Whether the member's machine is still wanted by its cluster.
bool machine_wanted(const ClusterRows& cluster, const Member& member);

// A worker that a resize takes away, and that is still here.
bool leaves(const Node& node);
// It was taken back, and the engine has not wholly done so yet.
bool comes_back(const Node& node);

// For so many workers from now on: of too many the youngest shall leave, of too few those that are
// leaving come back first. What is missing then is added by decide_cluster().
Changes resize_members(const ClusterRows& cluster, std::int64_t workers, Time now);

// Another number of workers is wanted from now on. Programs get as many executors on each as
// before.
void set_workers(Cluster& cluster, std::int64_t workers);

// A line in a node's history that is no transition.
HistoryRow note_on(const Node& node, std::string source, std::string message);

// Workers that must be ready before the cluster is usable: all of up to ten, then nine in ten.
std::int64_t quorum(std::int64_t workers);

// The arguments of a program with {input}, {input:1}, {output} put in. Without any argument the
// inputs and the output are appended in that order. Any other text in braces is the program's own,
// JSON for example, and stays. invalid_argument for {input:9} of two inputs, and for {input} of
// none.
Result<std::vector<std::string>> resolve_arguments(const std::vector<std::string>& args,
                                                   const std::string& input_dir,
                                                   const std::vector<std::string>& inputs,
                                                   const std::string& output);

// Where a job's things lie in HDFS.
std::string job_dir(const JobId& job);                          // /bdaas/jobs/<id>
std::string job_input(const JobId& job, std::size_t position);  // …/input/<position from 1>
std::string job_output(const JobId& job);                       // …/output

// The directory of so many inputs: …/input, or that of the only one, whose files then lie in it as
// the user gave them. Readers that do not look into directories below, as Spark's DataFrames, find
// them there.
std::string job_input_dir(const JobId& job, std::size_t inputs);

// The handle of a step that the agent of the master runs as a process (see Engine::plan_run).
inline constexpr std::string_view kProcessHandle = "process";

// Ids that follow from others, so that deciders need no randomness.
ClusterId cluster_of(const JobId& job);
StepId step_of(const JobId& job);
ResultId result_of(const JobId& job);
NodeId node_of(const ClusterId& cluster, std::int64_t index);
LeaseId lease_of(const ClusterId& cluster, std::int64_t index);

// What an effect's last intent means for the next move.
enum class Standing {
  none,     // never tried
  pending,  // in flight
  done,
  retry,    // failed in a way that may pass; the backoff is over
  waiting,  // as retry, but the backoff is not over
  failed,   // for good
  unknown,  // may or may not have happened
};
// What fails in a way that may pass is tried again: for so many attempts, and for so long behind
// the first of those failures, whichever is more.
struct Budget {
  std::int64_t attempts = 1;
  Millis time{0};
};
// Of what nobody may give up: a machine that costs, a program that takes room.
inline constexpr Budget kForEver{std::numeric_limits<std::int64_t>::max()};
// Of what a job cannot do without: a daemon that dies comes back within a minute or two.
Budget engine_budget(const ControlSettings& settings);

Standing standing_of(const World& world, Effect effect, const std::string& subject, Budget budget);

// Starts the effect again or for the first time, counting attempts.
Start start(const World& world, Effect effect, const std::string& subject);

// When a `waiting` effect may be tried again.
Time retry_at(const World& world, Effect effect, const std::string& subject);

}  // namespace bdaas
