#pragma once
// The nouns of the house. Each is one row of the store: an id, an owner, (mostly) a status, times,
// and its content. Members marked [desired] are written by commands and deciders, [observed] by
// what came back from outside. Defaults stand at the members; units are in the names.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/ids.h"
#include "model/ssh_login.h"
#include "model/states.h"

namespace bdaas {

// ---- user ----

struct User {
  UserId id;
  std::string name;
  Time created_at{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &User::id, "u-…"),
                      required("name", &User::name, "log-in name"),
                      optional("created_at", &User::created_at, ""),
                      optional("version", &User::version, "counts changes of the row")};
  }
};

// ---- program: uploaded once, versioned by hash ----

enum class ProgramKind { jar, python };
constexpr auto enum_table(ProgramKind) {
  return enum_rows<ProgramKind>({{ProgramKind::jar, "jar"}, {ProgramKind::python, "python"}});
}

struct Program {
  ProgramId id;
  UserId owner;
  std::string name;  // file name as the user gave it, for example wordcount.py
  ProgramKind kind = ProgramKind::python;
  std::string sha256;
  std::int64_t bytes = 0;
  std::int64_t revision = 1;              // counts contents under one name
  std::vector<std::string> main_classes;  // of a jar, sorted; the manifest's Main-Class first
  Time created_at{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Program::id, "p-…"),
                      required("owner", &Program::owner, "user"),
                      required("name", &Program::name, "file name"),
                      required("kind", &Program::kind, "jar or python"),
                      required("sha256", &Program::sha256, "of the content, 64 hex digits"),
                      required("bytes", &Program::bytes, "size"),
                      optional("revision", &Program::revision, "1, 2, … for contents of one name"),
                      optional("main_classes", &Program::main_classes, "found in the jar"),
                      optional("created_at", &Program::created_at, ""),
                      optional("version", &Program::version, "counts changes of the row")};
  }
};

// ---- data set: one file, or one tar of many ----

enum class DataShape { file, tree };
constexpr auto enum_table(DataShape) {
  return enum_rows<DataShape>({{DataShape::file, "file"}, {DataShape::tree, "tree"}});
}

struct DataSet {
  DataSetId id;
  UserId owner;
  std::string name;                   // base name of what was given
  DataShape shape = DataShape::file;  // tree: kept as one POSIX tar, names checked at upload
  std::string path;                   // of a file that is read where it lies; empty: we keep it
  std::string path_version;           // of that file when it was named; see FileStamp
  std::string sha256;                 // of the stored bytes (the file, or the tar)
  std::int64_t bytes = 0;             // of the user's files, without tar headers
  std::int64_t files = 1;
  Time created_at{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &DataSet::id, "d-…"),
                      required("owner", &DataSet::owner, "user"),
                      required("name", &DataSet::name, "base name"),
                      required("shape", &DataSet::shape, "file, or tree (kept as one tar)"),
                      optional("path", &DataSet::path,
                               "of a file that is read where it lies, on the manager's machine; "
                               "empty: the manager keeps the content"),
                      optional("path_version", &DataSet::path_version,
                               "of that file when it was named, opaque: jobs refuse another"),
                      required("sha256", &DataSet::sha256,
                               "of the stored bytes; of a file in place from its first load on"),
                      required("bytes", &DataSet::bytes, "sum of the files"),
                      optional("files", &DataSet::files, "number of files"),
                      optional("created_at", &DataSet::created_at, ""),
                      optional("version", &DataSet::version, "counts changes of the row")};
  }
};

// ---- cluster ----

enum class Scheduler { yarn, standalone };
constexpr auto enum_table(Scheduler) {
  return enum_rows<Scheduler>({{Scheduler::yarn, "yarn"}, {Scheduler::standalone, "standalone"}});
}

struct ClusterSpec {
  std::string name;
  std::int64_t workers = 1;
  std::string provider = "local";
  std::string engine = "spark";  // or "fake": no JVM, for demonstrations and simulation
  std::string release = "bdaas-1";
  Scheduler scheduler = Scheduler::yarn;
  bool comet = true;
  std::int64_t memory_mib = 0;  // of the whole cluster; 0: what the machine can spare
  std::int64_t cores = 0;       // of the whole cluster; 0: all of the machine
  std::map<std::string, std::string> settings;  // spark.* of every step; unknown names are refused
  Millis idle_timeout_ms{0};                    // 0: never; then it ends as Terminated, reason idle
  Millis start_timeout_ms{300'000};  // not Running by then: it is terminated with the reason
  std::vector<SshHost>
      hosts;  // of provider ssh; the first is the master's, more than needed are spare

  static constexpr auto fields() {
    return std::tuple{
        optional("name", &ClusterSpec::name, "for people; default: made from the id"),
        required("workers", &ClusterSpec::workers, "1..1000"),
        optional("provider", &ClusterSpec::provider, "local (default), ssh or fake"),
        optional("engine", &ClusterSpec::engine, "spark (default) or fake"),
        optional("release", &ClusterSpec::release, "pinned engine versions; default bdaas-1"),
        optional("scheduler", &ClusterSpec::scheduler, "yarn (default) or standalone"),
        optional("comet", &ClusterSpec::comet, "native execution of Spark SQL; default true"),
        optional("memory_mib", &ClusterSpec::memory_mib, "of the whole cluster; 0: what is free"),
        optional("cores", &ClusterSpec::cores, "of the whole cluster; 0: all"),
        optional("settings", &ClusterSpec::settings, "spark.* settings for every step"),
        optional("idle_timeout_ms", &ClusterSpec::idle_timeout_ms, "0: never"),
        optional("start_timeout_ms", &ClusterSpec::start_timeout_ms, "default 300000"),
        optional("hosts", &ClusterSpec::hosts, "of provider ssh: the master's, then the workers'")};
  }
};

// Where the packages of a release lie on the nodes, and what they are made of. Filled by the room
// `release`.
struct ReleaseFacts {
  std::string name;         // bdaas-1
  std::string hadoop_home;  // directory of jars
  std::string spark_home;   // jars/, python/, …
  std::string comet_jar;
  std::string
      comet_native;  // directory of its libcomet.so; empty: each JVM unpacks 97 MB out of the jar
  std::string java_home;
  std::string python;      // interpreter of driver and executors
  std::string hadoop_cds;  // AppCDS archive, empty: none yet
  std::string spark_cds;
  // What daemons would make slowly at their first start, made once on this machine; empty: they
  // make it themselves.
  std::string namenode_template;  // directory: the files of a formatted, empty NameNode but VERSION
  std::string rm_template;        // directory: a ResourceManager's state store with its keys, 0700
  std::map<std::string, std::string>
      versions;  // spark → 3.5.7, hadoop → 3.5.0, java → …; for the manifest

  static constexpr auto fields() {
    return std::tuple{
        required("name", &ReleaseFacts::name, ""),
        optional("hadoop_home", &ReleaseFacts::hadoop_home, ""),
        optional("spark_home", &ReleaseFacts::spark_home, ""),
        optional("comet_jar", &ReleaseFacts::comet_jar, ""),
        optional("comet_native", &ReleaseFacts::comet_native, "empty: in the jar"),
        optional("java_home", &ReleaseFacts::java_home, ""),
        optional("python", &ReleaseFacts::python, ""),
        optional("hadoop_cds", &ReleaseFacts::hadoop_cds, "empty: none"),
        optional("spark_cds", &ReleaseFacts::spark_cds, "empty: none"),
        optional("namenode_template", &ReleaseFacts::namenode_template, "empty: none"),
        optional("rm_template", &ReleaseFacts::rm_template, "empty: none"),
        optional("versions", &ReleaseFacts::versions, "")};
  }
};

// How the machine's memory is shared; the tested table of docs/memory.md.
struct MemoryPlan {
  std::int64_t node_memory_mib = 0;  // YARN's NodeManager (or standalone worker) may give this much
  std::int64_t node_cores = 0;       // vcores, overcommitted
  std::int64_t driver_heap_mib = 0;
  std::int64_t driver_overhead_mib = 0;
  std::int64_t executor_heap_mib = 0;
  std::int64_t executor_overhead_mib = 0;
  std::int64_t executor_off_heap_mib = 0;  // Comet's; 0 without it
  std::int64_t executors = 0;              // one or more per worker
  std::int64_t executor_cores = 0;
  // What it takes of machines that are shared: this, and for each worker that.
  std::int64_t shared_mib = 0;
  std::int64_t worker_mib = 0;

  std::int64_t total_mib(std::int64_t workers) const { return shared_mib + workers * worker_mib; }

  static constexpr auto fields() {
    return std::tuple{
        optional("node_memory_mib", &MemoryPlan::node_memory_mib, ""),
        optional("node_cores", &MemoryPlan::node_cores, ""),
        optional("driver_heap_mib", &MemoryPlan::driver_heap_mib, ""),
        optional("driver_overhead_mib", &MemoryPlan::driver_overhead_mib, ""),
        optional("executor_heap_mib", &MemoryPlan::executor_heap_mib, ""),
        optional("executor_overhead_mib", &MemoryPlan::executor_overhead_mib, ""),
        optional("executor_off_heap_mib", &MemoryPlan::executor_off_heap_mib, ""),
        optional("executors", &MemoryPlan::executors, ""),
        optional("executor_cores", &MemoryPlan::executor_cores, ""),
        optional("shared_mib", &MemoryPlan::shared_mib, "the master's, and one driver's"),
        optional("worker_mib", &MemoryPlan::worker_mib, "of each worker")};
  }
};

enum class ClusterWish { running, stopped, terminated };
constexpr auto enum_table(ClusterWish) {
  return enum_rows<ClusterWish>({{ClusterWish::running, "running"},
                                 {ClusterWish::stopped, "stopped"},
                                 {ClusterWish::terminated, "terminated"}});
}

struct Cluster {
  ClusterId id;
  UserId owner;
  ClusterSpec spec;  // [desired] spec.workers changes by resize
  Status<ClusterState> status;
  ClusterWish wish = ClusterWish::running;  // [desired]
  Reason wish_reason =
      Reason::user_request;        // [desired] why it shall end, shown as the end's reason
  std::string wish_message;        // [desired]
  std::optional<JobId> job;        // the job that owns it (ephemeral); none: kept or made by hand
  std::int64_t ready_workers = 0;  // [observed]
  MemoryPlan memory;               // [observed] how its memory is shared, from Provisioning on
  ReleaseFacts release;            // [observed] where its packages lie, from Provisioning on
  Time created_at{};
  std::optional<Time> idle_since;  // [observed] no step and no job since then
  std::string leaving;             // [observed] workers on their way out, and what they wait for
  Time deadline{};                 // of the present state; Time{} = none
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Cluster::id, "c-…"),
                      required("owner", &Cluster::owner, "user"),
                      required("spec", &Cluster::spec, "what was asked for"),
                      required("status", &Cluster::status, ""),
                      optional("wish", &Cluster::wish, "running, stopped or terminated"),
                      optional("wish_reason", &Cluster::wish_reason, "why it shall end"),
                      optional("wish_message", &Cluster::wish_message, ""),
                      optional("job", &Cluster::job, "the job that owns it"),
                      optional("ready_workers", &Cluster::ready_workers, ""),
                      optional("memory", &Cluster::memory, "how its memory is shared"),
                      optional("release", &Cluster::release, "its packages and their versions"),
                      optional("created_at", &Cluster::created_at, ""),
                      optional("idle_since", &Cluster::idle_since, ""),
                      optional("leaving", &Cluster::leaving, "workers on their way out"),
                      optional("deadline", &Cluster::deadline, "of the present state"),
                      optional("version", &Cluster::version, "counts changes of the row")};
  }
};

// ---- node: one member of a cluster, on the machine of its lease ----

enum class NodeRole { master, worker };
constexpr auto enum_table(NodeRole) {
  return enum_rows<NodeRole>({{NodeRole::master, "master"}, {NodeRole::worker, "worker"}});
}

enum class DaemonState { waiting, initializing, starting, ready, restarting, failed, stopped };
constexpr auto enum_table(DaemonState) {
  using S = DaemonState;
  return enum_rows<S>({{S::waiting, "waiting"},
                       {S::initializing, "initializing"},
                       {S::starting, "starting"},
                       {S::ready, "ready"},
                       {S::restarting, "restarting"},
                       {S::failed, "failed"},
                       {S::stopped, "stopped"}});
}

struct DaemonStatus {
  std::string name;  // namenode, datanode, …
  DaemonState state = DaemonState::waiting;
  std::int64_t pid = 0;
  std::int64_t restarts = 0;
  std::int64_t exit_code = 0;
  std::string message;  // of a failure: command, exit code and the last lines of its log

  static constexpr auto fields() {
    return std::tuple{
        required("name", &DaemonStatus::name, ""),
        required("state", &DaemonStatus::state, "as its agent sees it"),
        optional("pid", &DaemonStatus::pid, ""),
        optional("restarts", &DaemonStatus::restarts, ""),
        optional("exit_code", &DaemonStatus::exit_code, "of its last end"),
        optional("message", &DaemonStatus::message, "of a failure, with the last lines")};
  }
};

struct Node {
  NodeId id;
  UserId owner;
  ClusterId cluster;
  LeaseId lease;
  NodeRole role = NodeRole::worker;
  std::int64_t index = 0;             // master 0, workers 1…; never used again within a cluster
  std::string host;                   // symbolic name, for example c-4k2m-worker-1
  bool wanted = true;                 // [desired] false: its machine is released
  std::optional<Time> leaving_since;  // [desired] the engine shall let go of it; kept when it has
                                      // gone, so that it is never taken back
  bool emptied = false;  // [observed] no block is on it alone any more: now its programs may end
  std::string drain;     // [observed] what it waits for before it leaves, or stays after all;
                         // empty: the engine has no part in it
  std::int64_t plan_revision = 0;     // [desired] what the agent shall keep true
  std::int64_t applied_revision = 0;  // [observed]
  bool connected = false;             // [observed] its agent link
  std::string plan_inputs;            // [desired] fingerprint of what the plan was made of
  std::string agent_boot;       // [observed] boot id + start of the agent, tells restarts apart
  std::int64_t report_seq = 0;  // [observed] last report taken into the rows
  std::vector<DaemonStatus> daemons;  // [observed]
  std::string plan_error;             // [observed] why the plan could not be applied
  bool ready = false;                 // [observed] plan applied and all daemons ready
  std::optional<Time> ready_at;
  Time created_at{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Node::id, "n-…"),
                      required("owner", &Node::owner, "user"),
                      required("cluster", &Node::cluster, ""),
                      required("lease", &Node::lease, ""),
                      required("role", &Node::role, "master or worker"),
                      required("index", &Node::index, "master 0, workers 1, 2, …"),
                      optional("host", &Node::host, "symbolic name"),
                      optional("wanted", &Node::wanted, "false: its machine is given back"),
                      optional("leaving_since", &Node::leaving_since, "taken away by a resize"),
                      optional("emptied", &Node::emptied, "its blocks are elsewhere too"),
                      optional("drain", &Node::drain, "what it waits for before it leaves"),
                      optional("plan_revision", &Node::plan_revision, "wanted plan"),
                      optional("applied_revision", &Node::applied_revision, "plan the agent has"),
                      optional("connected", &Node::connected, "its agent link is up"),
                      optional("plan_inputs", &Node::plan_inputs, "fingerprint"),
                      optional("plan_error", &Node::plan_error, "why it could not be applied"),
                      optional("agent_boot", &Node::agent_boot, "tells agent restarts apart"),
                      optional("report_seq", &Node::report_seq, "last report taken"),
                      optional("daemons", &Node::daemons, ""),
                      optional("ready", &Node::ready, "all daemons ready"),
                      optional("ready_at", &Node::ready_at, ""),
                      optional("created_at", &Node::created_at, ""),
                      optional("version", &Node::version, "counts changes of the row")};
  }
};

// ---- machine: what a provider gives (no row of its own; kept inside the lease) ----

struct Machine {
  std::string machine_id;  // the provider's own name for it
  std::string address;     // where its services listen: 127.x.y.z on local
  std::string dir;         // the node's directory on it, absolute
  std::string os_host;     // what gethostname says there: a JVM must find it in its host table
  std::int64_t memory_mib = 0;
  std::int64_t cores = 0;
  std::optional<SshLogin> ssh;  // how it is reached; none: it is this computer

  static constexpr auto fields() {
    return std::tuple{required("machine_id", &Machine::machine_id, "the provider's name for it"),
                      optional("address", &Machine::address, "where its services listen"),
                      optional("dir", &Machine::dir, "the node's directory on it"),
                      optional("os_host", &Machine::os_host, "its operating system's name"),
                      optional("memory_mib", &Machine::memory_mib, ""),
                      optional("cores", &Machine::cores, ""),
                      optional("ssh", &Machine::ssh, "how it is reached")};
  }
};

// ---- lease ----

enum class OnExpiry { stop_and_clean, power_off };  // what the agent does when nobody renews
constexpr auto enum_table(OnExpiry) {
  return enum_rows<OnExpiry>(
      {{OnExpiry::stop_and_clean, "stop_and_clean"}, {OnExpiry::power_off, "power_off"}});
}

struct Lease {
  LeaseId id;  // also the idempotency token of its rent call
  UserId owner;
  ClusterId cluster;
  NodeId node;
  std::string provider;
  Status<LeaseState> status;
  std::optional<Machine> machine;  // [observed]
  OnExpiry on_expiry = OnExpiry::stop_and_clean;
  Time expires_at{};              // [desired] dead-man: pushed on while somebody wants the machine
  Time renewed_until{};           // [observed] what the agent acknowledged
  std::int64_t missed_lists = 0;  // [observed] complete lists in a row that did not show it
  std::int64_t release_attempts = 0;
  Time not_before{};  // next attempt
  Time deadline{};    // of the present state; Time{} = none
  Time created_at{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{
        required("id", &Lease::id, "l-…, also the idempotency token"),
        required("owner", &Lease::owner, "user"),
        required("cluster", &Lease::cluster, ""),
        required("node", &Lease::node, ""),
        required("provider", &Lease::provider, ""),
        required("status", &Lease::status, ""),
        optional("machine", &Lease::machine, ""),
        optional("on_expiry", &Lease::on_expiry, "what the agent does then"),
        optional("expires_at", &Lease::expires_at, "dead-man time wanted"),
        optional("renewed_until", &Lease::renewed_until, "dead-man time acknowledged"),
        optional("missed_lists", &Lease::missed_lists, ""),
        optional("release_attempts", &Lease::release_attempts, ""),
        optional("not_before", &Lease::not_before, "next attempt"),
        optional("deadline", &Lease::deadline, "of the present state"),
        optional("created_at", &Lease::created_at, ""),
        optional("version", &Lease::version, "counts changes of the row")};
  }
};

// ---- step ----

struct StepSpec {
  std::string name;
  ProgramId program;
  std::string main_class;         // of a jar
  std::vector<std::string> args;  // placeholders {input} {input:1} {output} already put in
  std::map<std::string, std::string> settings;  // spark.*, over the cluster's
  Millis timeout_ms{0};                         // 0: none

  static constexpr auto fields() {
    return std::tuple{optional("name", &StepSpec::name, "for people; default: the program's name"),
                      required("program", &StepSpec::program, "p-…"),
                      optional("main_class", &StepSpec::main_class, "of a jar"),
                      optional("args", &StepSpec::args, "arguments of the program"),
                      optional("settings", &StepSpec::settings, "spark.* for this step"),
                      optional("timeout_ms", &StepSpec::timeout_ms, "0: none")};
  }
};

struct Step {
  StepId id;
  UserId owner;
  ClusterId cluster;
  std::optional<JobId> job;
  StepSpec spec;
  std::vector<std::string> inputs;  // HDFS paths, in order
  std::string output;               // HDFS path, may come into being
  Status<StepState> status;
  bool cancel_wanted = false;  // [desired]
  Reason cancel_reason = Reason::user_request;
  std::string handle;        // [observed] the engine's name for it, for example application_…
  std::string tracking_url;  // [observed] inside the cluster; served through the manager
  double progress = 0;       // [observed] 0..1, Spark's own
  std::optional<std::int64_t> exit_code;  // [observed] of the driver's process
  std::optional<NodeId> driver_node;      // [observed] where that process ran
  std::string last_lines;                 // [observed] of its output, when it failed
  Time created_at{};
  std::optional<Time> started_at;
  std::optional<Time> ended_at;
  Time deadline{};  // of the present state, or of the time-out
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Step::id, "s-…"),
                      required("owner", &Step::owner, "user"),
                      required("cluster", &Step::cluster, ""),
                      optional("job", &Step::job, "the job it belongs to"),
                      required("spec", &Step::spec, "what was asked for"),
                      optional("inputs", &Step::inputs, "HDFS paths"),
                      optional("output", &Step::output, "HDFS path"),
                      required("status", &Step::status, ""),
                      optional("cancel_wanted", &Step::cancel_wanted, ""),
                      optional("cancel_reason", &Step::cancel_reason, ""),
                      optional("handle", &Step::handle, "the engine's name for it"),
                      optional("tracking_url", &Step::tracking_url, "inside the cluster"),
                      optional("progress", &Step::progress, "0..1"),
                      optional("exit_code", &Step::exit_code, "of the driver's process"),
                      optional("driver_node", &Step::driver_node, "where it ran"),
                      optional("last_lines", &Step::last_lines, "of its output, when it failed"),
                      optional("created_at", &Step::created_at, ""),
                      optional("started_at", &Step::started_at, ""),
                      optional("ended_at", &Step::ended_at, ""),
                      optional("deadline", &Step::deadline, "of the present state"),
                      optional("version", &Step::version, "counts changes of the row")};
  }
};

// ---- job: what a user means by one ----

struct JobSpec {
  std::string name;
  ProgramId program;
  std::string main_class;
  std::vector<std::string>
      args;  // may hold {input}, {input:1}, {output}; empty: inputs and output are appended
  std::vector<DataSetId> data;
  std::optional<ClusterId> cluster;  // borrow this one; none: own an ephemeral one
  ClusterSpec place;                 // of the own cluster
  bool keep = false;                 // leave the own cluster to the user afterwards
  Millis timeout_ms{0};              // of the program; 0: none
  std::string token;                 // the caller's; empty: none
  std::vector<std::string> command;  // what the caller typed; empty: unknown

  static constexpr auto fields() {
    return std::tuple{optional("name", &JobSpec::name, "for people; default: the program's name"),
                      required("program", &JobSpec::program, "p-…"),
                      optional("main_class", &JobSpec::main_class, "of a jar"),
                      optional("args", &JobSpec::args, "may hold {input}, {input:1}, {output}"),
                      optional("data", &JobSpec::data, "data sets, in order"),
                      optional("cluster", &JobSpec::cluster, "borrow this cluster"),
                      optional("place", &JobSpec::place, "the own cluster, when none is borrowed"),
                      optional("keep", &JobSpec::keep, "keep the own cluster afterwards"),
                      optional("timeout_ms", &JobSpec::timeout_ms, "of the program; 0: none"),
                      optional("token", &JobSpec::token,
                               "made up by the caller, 64 bytes at most: asking again with the "
                               "same token gives the job that is there, not a second one"),
                      optional("command", &JobSpec::command,
                               "the words that asked for it, for the manifest of the result; "
                               "default: those of bdaas run that would")};
  }
};

struct Job {
  JobId id;
  UserId owner;
  JobSpec spec;
  Status<JobState> status;
  bool cancel_wanted = false;  // [desired]
  std::optional<ClusterId> cluster;
  std::optional<StepId> step;
  std::optional<ResultId> result;
  bool data_loaded = false;  // [observed] every input stands in HDFS
  JobState outcome =
      JobState::succeeded;  // known from Finishing on: succeeded, failed or cancelled
  Reason outcome_reason = Reason::none;
  std::string outcome_message;
  Time created_at{};
  std::optional<Time> ended_at;
  Time deadline{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Job::id, "j-…"),
                      required("owner", &Job::owner, "user"),
                      required("spec", &Job::spec, "what was asked for"),
                      required("status", &Job::status, ""),
                      optional("cancel_wanted", &Job::cancel_wanted, ""),
                      optional("cluster", &Job::cluster, ""),
                      optional("step", &Job::step, ""),
                      optional("result", &Job::result, ""),
                      optional("data_loaded", &Job::data_loaded, ""),
                      optional("outcome", &Job::outcome, "from Finishing on"),
                      optional("outcome_reason", &Job::outcome_reason, ""),
                      optional("outcome_message", &Job::outcome_message, ""),
                      optional("created_at", &Job::created_at, ""),
                      optional("ended_at", &Job::ended_at, ""),
                      optional("deadline", &Job::deadline, ""),
                      optional("version", &Job::version, "counts changes of the row")};
  }
};

// ---- result: one .tar.gz with a manifest ----

struct JobResult {
  ResultId id;
  UserId owner;
  JobId job;
  std::string sha256;      // of the archive
  std::int64_t bytes = 0;  // of the archive
  std::int64_t files = 0;  // that the program wrote to {output}
  bool has_output = true;  // false: the program wrote nothing; the archive has logs only
  Time created_at{};
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &JobResult::id, "r-…"),
                      required("owner", &JobResult::owner, "user"),
                      required("job", &JobResult::job, ""),
                      required("sha256", &JobResult::sha256, "of the archive"),
                      required("bytes", &JobResult::bytes, "of the archive"),
                      optional("files", &JobResult::files, "that the program wrote"),
                      optional("has_output", &JobResult::has_output, "false: logs only"),
                      optional("created_at", &JobResult::created_at, ""),
                      optional("version", &JobResult::version, "counts changes of the row")};
  }
};

}  // namespace bdaas
