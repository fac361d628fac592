#pragma once
// The engine seam. Engine: pure plans. EngineService: dialogues with the running engine, blocking,
// on pool threads. Implementations: spark (HDFS + YARN + Spark; real), fake (no JVM; shipped for
// demonstrations and simulation).

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>

#include "model/node_plan.h"

namespace bdaas {

struct NodeFacts {
  NodeId id;
  NodeRole role = NodeRole::worker;
  std::int64_t index = 0;
  std::string host;             // symbolic
  std::string address;          // numeric
  std::string dir;              // the node's directory, absolute
  std::string os_host;          // what gethostname says there, see Machine
  std::optional<SshLogin> ssh;  // how its machine is reached; none: it is this computer
  std::int64_t memory_mib =
      0;                   // of a worker, what it gives to programs: MemoryPlan::node_memory_mib
  std::int64_t cores = 0;  // likewise node_cores
};

// A worker that shall leave the cluster, or has left it. First its blocks go elsewhere while it
// goes on working: a worker that gives up work is ended by its scheduler, and may still be wanted
// back as long as it keeps something.
struct Leaver {
  NodeId id;
  std::string host;
  std::int64_t index = 0;
  bool emptied = false;  // its blocks are elsewhere: it shall get no more work
};

// All an engine may know of a cluster. nodes[0] is the master when it is known.
struct ClusterFacts {
  ClusterId id;
  ClusterSpec spec;
  std::string user;          // of the operating system, who owns HDFS and submits
  std::string agent_binary;  // on the nodes; its `exec` mode wraps a driver in a container
  ReleaseFacts release;
  std::vector<NodeFacts> nodes;
  std::vector<Leaver> leaving;
};

// What a cluster may take.
struct Room {
  std::int64_t memory_mib = 0;
  std::int64_t cores = 0;
  bool per_machine = false;  // of each of its machines; else of all nodes together
};

// What one program run is to the engine.
struct ProgramFacts {
  StepId step;
  std::string name;  // shown by the engine
  ProgramKind kind = ProgramKind::python;
  std::string file_name;   // for example wordcount.py
  std::string local_path;  // of its content on the manager's machine
  std::string main_class;
  std::vector<std::string> args;
  std::map<std::string, std::string>
      env;  // of the driver: BDAAS_INPUT, BDAAS_INPUT_1…, BDAAS_OUTPUT
  std::map<std::string, std::string> settings;
  // Of its data sets, as they are stored; 0: it has none, or may well read what it did not name.
  std::int64_t input_bytes = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;
  // Whether its nodes run the packages of a release, which is then fetched first.
  virtual bool needs_release() const = 0;
  // Refuses what cannot be scheduled, with the numbers. Called before anything is rented.
  virtual Result<MemoryPlan> fit(const ClusterSpec& spec, const Room& room) const = 0;
  // The TCP ports its daemons listen on, each at the address of its node. Default: none.
  virtual std::vector<std::int64_t> ports(const ClusterSpec&) const { return {}; }
  // Unknown settings are refused, with the nearest known.
  virtual Result<> check_settings(const std::map<std::string, std::string>& settings) const = 0;
  // The plan of one node; its revision is left to the caller. A worker's plan can be made as soon
  // as the master's address is known. Every plan also holds the table of all known hosts: when a
  // node comes or goes, the plans of the others change by that file alone, and an agent keeps
  // daemons whose spec is unchanged. So: render again, compare, send with the next revision what
  // differs.
  virtual Result<NodePlan> plan_node(const ClusterFacts& cluster, const NodeFacts& node) const = 0;
  // The program as a process of the master's agent (RunStep, after EngineService::stage), or
  // nullopt when EngineService::submit hands it to the engine. YARN: nullopt. Standalone: a
  // process.
  virtual Result<std::optional<RunSpec>> plan_run(const ClusterFacts& cluster,
                                                  const MemoryPlan& memory,
                                                  const ProgramFacts& program) const = 0;
};

enum class RunState { not_found, accepted, running, succeeded, failed, cancelled };
constexpr auto enum_table(RunState) {
  using S = RunState;
  return enum_rows<S>({{S::not_found, "not_found"},
                       {S::accepted, "accepted"},
                       {S::running, "running"},
                       {S::succeeded, "succeeded"},
                       {S::failed, "failed"},
                       {S::cancelled, "cancelled"}});
}

struct RunObservation {
  RunState state = RunState::not_found;
  std::string handle;
  std::string tracking_url;
  double progress = 0;
  std::string diagnostics;  // the engine's words on a failure
};

// Shared between a long transfer and its caller.
struct LoadProgress {
  explicit LoadProgress(std::shared_ptr<const std::atomic<bool>> cancel_flag =
                            std::make_shared<std::atomic<bool>>(false))
      : cancel(std::move(cancel_flag)) {}
  bool cancelled() const { return cancel->load(); }  // then leave soon with ErrorKind::cancelled

  std::atomic<std::int64_t> bytes{0};
  std::shared_ptr<const std::atomic<bool>> cancel;
};

// One file that is put into HDFS, or a tar whose entries are.
struct DataSource {
  DataShape shape = DataShape::file;
  std::filesystem::path path;  // on the manager's machine
  std::string name;            // of the file below the target directory (shape file)
};

// What the engine still has on a worker that leaves.
struct Drain {
  bool emptied = false;  // every block is elsewhere
  bool done = false;     // and nothing of a program runs there
  std::string left;      // "12 blocks left to copy"
};
using Drains = std::map<NodeId, Drain>;

class EngineService {
 public:
  virtual ~EngineService() = default;

  // Puts a source below an HDFS directory. Idempotent: what is there already by the same token is
  // replaced.
  virtual Result<> load(const ClusterFacts& cluster, const DataSource& source,
                        const std::string& hdfs_dir, LoadProgress& progress) = 0;

  // Puts the program where the engine's processes find it; idempotent. Before RunStep; submit()
  // does it by itself.
  virtual Result<> stage(const ClusterFacts& cluster, const ProgramFacts& program) = 0;

  // Hands the program to the engine; the step's id marks it there, so that find() sees it
  // afterwards. unknown_outcome when the answer to the decisive call was lost.
  virtual Result<RunObservation> submit(const ClusterFacts& cluster, const MemoryPlan& memory,
                                        const ProgramFacts& program) = 0;

  // Looks a step up by its mark. not_found is an answer, not an error.
  virtual Result<RunObservation> find(const ClusterFacts& cluster, const StepId& step) = 0;

  // Idempotent.
  virtual Result<> cancel(const ClusterFacts& cluster, const StepId& step,
                          const std::string& handle) = 0;

  // Every file below an HDFS directory, with its size; not_found when the directory is absent.
  struct RemoteFile {
    std::string name;  // relative to the directory
    std::int64_t bytes = 0;
  };
  virtual Result<std::vector<RemoteFile>> list_files(const ClusterFacts& cluster,
                                                     const std::string& hdfs_dir) = 0;
  // Streams one file; sink returns an error to stop. cancelled: soon after the flag. A daemon that
  // falls silent is deadline_exceeded.
  using Sink = std::function<Result<>(std::string_view bytes)>;
  virtual Result<> read_file(const ClusterFacts& cluster, const std::string& hdfs_path,
                             const Sink& sink, const std::atomic<bool>& cancel) = 0;

  virtual Result<> remove(const ClusterFacts& cluster, const std::string& hdfs_path) = 0;

  // Has the engine let go of the workers in cluster.leaving and take every other back, as far as it
  // does not do so yet, and tells what is left: of each of cluster.nodes that leaves, and of each
  // that is not wholly back. Returns at once; to be asked until all are done. Idempotent.
  virtual Result<Drains> decommission(const ClusterFacts& cluster) = 0;
};

}  // namespace bdaas
