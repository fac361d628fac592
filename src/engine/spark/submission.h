#pragma once
// What is handed to the engine to run one program. Pure: the caller has staged the program and
// asked for an application id; it sends the parts and interprets nothing.
//
// YARN, without a client JVM: the request names the agent's exec mode as the application master's
// command; exec starts Spark's ApplicationMaster with the properties below, in cluster mode. The
// recipe is Spark's own yarn.Client, reduced to what a cluster with packages on every node needs.

#include "model/engine.h"
#include "model/exec_spec.h"

namespace bdaas {

// A file in HDFS as YARN wants to know it: it refuses to run one that changed.
struct StagedFile {
  std::string url;  // hdfs://…
  std::int64_t bytes = 0;
  std::int64_t modified_ms = 0;
};

// Absolute in HDFS; the step's own, so that staging twice is staging once.
std::string staging_dir(const StepId& step);
std::string hdfs_url(const ClusterFacts& cluster, const std::string& path);
// Its name in the container and in the staging directory.
std::string staged_program_name(const ProgramFacts& program);

// The same errors as of a submission, known before there is a cluster.
Result<> check_settings_fit(const std::map<std::string, std::string>& settings,
                            const MemoryPlan& memory);

struct YarnSubmission {
  std::map<std::string, std::string> properties;  // spark.*; also inside `exec`
  ExecSpec exec;                                  // to be staged as kExecSpecName
  std::int64_t driver_mib = 0;                    // its container's
};

inline constexpr const char* kExecSpecName = "driver.json";

// resource_exhausted when settings ask for more than a worker has; invalid_argument for sizes
// nobody can read.
Result<YarnSubmission> plan_yarn_submission(const ClusterFacts& cluster, const MemoryPlan& memory,
                                            const ProgramFacts& program,
                                            const std::string& application_id,
                                            const StagedFile& staged_program);

// The application id that a staged ExecSpec was planned with; empty: none.
std::string application_of(const ExecSpec& exec);

// Body of POST /ws/v1/cluster/apps.
json::object yarn_request(const ClusterFacts& cluster, const YarnSubmission& submission,
                          const ProgramFacts& program, const std::string& application_id,
                          const StagedFile& staged_program, const StagedFile& staged_exec_spec);

// Standalone, client mode: the driver as a process of the master's agent. Its program is staged
// too.
Result<RunSpec> plan_standalone_run(const ClusterFacts& cluster, const MemoryPlan& memory,
                                    const ProgramFacts& program);

}  // namespace bdaas
