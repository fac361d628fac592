#pragma once
// The running side of FakeEngine: clusters' files and program runs in memory, by a clock. It lives
// on when a manager dies, as a real engine does, and is stricter than one: what a correct manager
// never does is noted in violations(). For simulation, demonstrations and tests. Thread-safe.
//
// A program is "accepted" for a quarter of its time and then "running"; with the outcome "succeed"
// it leaves one file, part-00000, in its output directory. Settings: see engine/fake/fake_engine.h.

#include <mutex>
#include <set>

#include "model/stages.h"

namespace bdaas {

enum class FakeCall {
  load,
  stage,
  submit,
  find,
  cancel,
  list_files,
  read_file,
  remove,
  decommission
};

enum class FakeFault {
  none,
  unavailable,       // nothing was done
  unknown_not_done,  // of submit: no answer, and it was not done; else as unavailable
  unknown_done,      // of submit: no answer, but it was done; else as unavailable
};

// Called under the service's lock: needs none of its own, must not call back.
class FakeFaultPlan {
 public:
  virtual ~FakeFaultPlan() = default;
  // subject: the step, or the HDFS path.
  virtual FakeFault fault(FakeCall call, const ClusterId& cluster, const std::string& subject) = 0;
};

struct FakeServiceOptions {
  Millis program_time{300};   // where fake.time_ms is not set
  Millis drain_time{5'000};   // until a worker that leaves has nothing left, at the earliest
  bool reads_sources = true;  // false: a source's content is its name; a simulation has no files
  std::int64_t file_bytes_max = 16 << 20;  // kept of a source's content
};

class FakeService final : public EngineService, public StageSource {
 public:
  // clock and faults outlive the service; faults may be null.
  explicit FakeService(const Clock& clock, FakeServiceOptions options = {},
                       FakeFaultPlan* faults = nullptr)
      : clock_(clock), options_(options), faults_(faults) {}

  Result<> load(const ClusterFacts& cluster, const DataSource& source, const std::string& hdfs_dir,
                LoadProgress& progress) override;
  Result<> stage(const ClusterFacts& cluster, const ProgramFacts& program) override;
  Result<RunObservation> submit(const ClusterFacts& cluster, const MemoryPlan& memory,
                                const ProgramFacts& program) override;
  Result<RunObservation> find(const ClusterFacts& cluster, const StepId& step) override;
  Result<> cancel(const ClusterFacts& cluster, const StepId& step,
                  const std::string& handle) override;
  Result<std::vector<RemoteFile>> list_files(const ClusterFacts& cluster,
                                             const std::string& hdfs_dir) override;
  Result<> read_file(const ClusterFacts& cluster, const std::string& hdfs_path, const Sink& sink,
                     const std::atomic<bool>& cancel) override;
  Result<> remove(const ClusterFacts& cluster, const std::string& hdfs_path) override;
  Result<Drains> decommission(const ClusterFacts& cluster) override;
  Result<std::vector<Stage>> stages(const ClusterFacts& cluster, const Step& step) override;

  // Its machines are gone: files and runs with them, and every later call is unavailable.
  void end_cluster(const ClusterId& cluster);

  // It has said of the worker that nothing is left there, and was not told to take it back since.
  bool has_let_go(const NodeId& worker) const;

  std::int64_t times_submitted(const StepId& step) const;
  // Runs that have not ended, on clusters that live.
  std::vector<StepId> living_runs() const;

  // One sentence each, in the order of happening: a step submitted twice, after it was cancelled,
  // on two clusters, or before an input that it was promised (BDAAS_INPUT_…) is there.
  std::vector<std::string> violations() const;

 private:
  struct Run {
    Time submitted_at{};
    Millis time{};
    std::string handle;
    std::string outcome;
    std::string output;  // HDFS path, empty: writes nothing
    std::string text;    // what it writes
    std::optional<Time> cancelled_at;
    bool written = false;
  };
  struct FakeCluster {
    std::map<std::string, std::string> files;  // path → content
    std::map<StepId, Run> runs;
    std::map<NodeId, Time> drained_at;  // of those that leave, or have left
    bool ended = false;
  };

  struct Entry {
    FakeCluster& at;
    bool answer_lost = false;  // of submit: done, but nobody hears of it
  };

  // All below: with mutex_ held.
  Result<Entry> enter(FakeCall call, const ClusterFacts& cluster, const std::string& subject);
  void check_submission(const FakeCluster& at, const ClusterFacts& cluster,
                        const ProgramFacts& program);
  RunObservation observe(FakeCluster& at, Run& run);
  Time end_of(const Run& run) const;
  Run run_of(const ClusterFacts& cluster, const ProgramFacts& program);

  const Clock& clock_;
  const FakeServiceOptions options_;
  FakeFaultPlan* const faults_;

  mutable std::mutex mutex_;  // guards all below
  std::map<ClusterId, FakeCluster> clusters_;
  std::map<StepId, std::int64_t> times_submitted_;
  std::set<StepId> cancelled_;
  std::set<NodeId> let_go_;
  std::vector<std::string> violations_;
  std::int64_t next_run_ = 1;
};

}  // namespace bdaas
