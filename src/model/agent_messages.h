#pragma once
// What manager and agent say to one another, over a stream socket. One message is one line of JSON
// ending in '\n' (at most 16 MiB); its "type" names the struct below. Orders go down, reports come
// up.
//
// Reports that carry a `seq` > 0 are kept by the agent and sent again after a reconnect until
// acknowledged (an Ack covers all up to its seq). Output chunks carry an offset instead and are
// asked for by Follow. Every order is idempotent: the manager may repeat it at will.

#include <variant>

#include "model/node_plan.h"
#include "model/typed_messages.h"

namespace bdaas {

inline constexpr std::int64_t kAgentProtocol = 1;

// Written by the transport as <dir>/agent.json (0600) before the agent starts: who it is, for whom,
// until when.
struct AgentConfig {
  InstallationId installation;
  LeaseId lease;
  ClusterId cluster;
  NodeId node;
  std::string dir;      // the node's directory
  std::string address;  // of the node
  OnExpiry on_expiry = OnExpiry::stop_and_clean;
  Time expires_at{};

  static constexpr auto fields() {
    return std::tuple{required("installation", &AgentConfig::installation, ""),
                      required("lease", &AgentConfig::lease, ""),
                      required("cluster", &AgentConfig::cluster, ""),
                      required("node", &AgentConfig::node, ""),
                      required("dir", &AgentConfig::dir, "the node's directory"),
                      optional("address", &AgentConfig::address, "of the node"),
                      optional("on_expiry", &AgentConfig::on_expiry, ""),
                      optional("expires_at", &AgentConfig::expires_at, "dead-man time")};
  }
};

// ---- orders ----

struct ApplyPlan {
  static constexpr std::string_view type = "apply_plan";
  NodePlan plan;
  static constexpr auto fields() { return std::tuple{required("plan", &ApplyPlan::plan, "")}; }
};

struct RenewLease {
  static constexpr std::string_view type = "renew_lease";
  Time expires_at{};
  static constexpr auto fields() {
    return std::tuple{required("expires_at", &RenewLease::expires_at, "never goes back")};
  }
};

struct RunStep {  // starts it unless that step was started on this node before
  static constexpr std::string_view type = "run_step";
  RunSpec run;
  static constexpr auto fields() { return std::tuple{required("run", &RunStep::run, "")}; }
};

struct StopStep {
  static constexpr std::string_view type = "stop_step";
  StepId step;
  Millis grace_ms{5000};
  static constexpr auto fields() {
    return std::tuple{required("step", &StopStep::step, ""),
                      optional("grace_ms", &StopStep::grace_ms, "SIGTERM, then SIGKILL")};
  }
};

struct Ack {
  static constexpr std::string_view type = "ack";
  std::int64_t seq = 0;
  static constexpr auto fields() { return std::tuple{required("seq", &Ack::seq, "all up to it")}; }
};

// work: one POSIX tar of the files the program left in its working directory; it comes into being
// when it ends.
enum class OutputStream { out, err, work };
constexpr auto enum_table(OutputStream) {
  using S = OutputStream;
  return enum_rows<S>({{S::out, "stdout"}, {S::err, "stderr"}, {S::work, "work"}});
}

// From now on send that step's output from `offset` on, as it grows, until its end. A later Follow
// of the same stream replaces an earlier one.
struct Follow {
  static constexpr std::string_view type = "follow";
  StepId step;
  OutputStream stream = OutputStream::out;
  std::int64_t offset = 0;
  static constexpr auto fields() {
    return std::tuple{required("step", &Follow::step, ""), required("stream", &Follow::stream, ""),
                      required("offset", &Follow::offset, "bytes the manager has")};
  }
};

// Stop every daemon and step, remove the node's directory, exit. Answered by the link's end.
struct ShutDown {
  static constexpr std::string_view type = "shut_down";
  static constexpr auto fields() { return std::tuple{}; }
};

using Order = std::variant<ApplyPlan, RenewLease, RunStep, StopStep, Ack, Follow, ShutDown>;

// ---- reports ----

struct Hello {  // first message of every connection
  static constexpr std::string_view type = "hello";
  std::int64_t protocol = kAgentProtocol;
  std::string agent_version;
  InstallationId installation;
  LeaseId lease;
  NodeId node;
  std::string boot;  // differs after each start of the agent
  std::int64_t applied_revision = 0;
  Time expires_at{};
  static constexpr auto fields() {
    return std::tuple{required("protocol", &Hello::protocol, ""),
                      required("agent_version", &Hello::agent_version, ""),
                      required("installation", &Hello::installation, ""),
                      required("lease", &Hello::lease, ""),
                      required("node", &Hello::node, ""),
                      required("boot", &Hello::boot, "differs after each start of the agent"),
                      optional("applied_revision", &Hello::applied_revision, ""),
                      optional("expires_at", &Hello::expires_at, "")};
  }
};

struct PlanApplied {  // files written, daemons being started; or why not
  static constexpr std::string_view type = "plan_applied";
  std::int64_t seq = 0;
  std::int64_t revision = 0;
  std::string error;  // empty: applied
  static constexpr auto fields() {
    return std::tuple{required("seq", &PlanApplied::seq, ""),
                      required("revision", &PlanApplied::revision, ""),
                      optional("error", &PlanApplied::error, "empty: applied")};
  }
};

struct DaemonsReport {  // all daemons, whenever one changed its state
  static constexpr std::string_view type = "daemons";
  std::int64_t seq = 0;
  std::int64_t revision = 0;
  std::vector<DaemonStatus> daemons;
  static constexpr auto fields() {
    return std::tuple{required("seq", &DaemonsReport::seq, ""),
                      required("revision", &DaemonsReport::revision, ""),
                      required("daemons", &DaemonsReport::daemons, "")};
  }
};

struct LeaseRenewed {
  static constexpr std::string_view type = "lease_renewed";
  std::int64_t seq = 0;
  Time expires_at{};
  static constexpr auto fields() {
    return std::tuple{required("seq", &LeaseRenewed::seq, ""),
                      required("expires_at", &LeaseRenewed::expires_at, "")};
  }
};

// A process of a step on this node: begun (exit_code absent), or ended. Also sent for steps that a
// container started by itself through `bdaas-agent exec` (the driver of a YARN cluster-mode
// program).
struct StepProcess {
  static constexpr std::string_view type = "step_process";
  std::int64_t seq = 0;
  StepId step;
  std::int64_t pid = 0;
  std::optional<std::int64_t> exit_code;  // 128 + signal
  std::string last_lines;                 // of stderr, when it ended with another code than 0
  std::int64_t stdout_bytes = 0;
  std::int64_t stderr_bytes = 0;
  static constexpr auto fields() {
    return std::tuple{required("seq", &StepProcess::seq, ""),
                      required("step", &StepProcess::step, ""),
                      optional("pid", &StepProcess::pid, ""),
                      optional("exit_code", &StepProcess::exit_code, "absent: it runs"),
                      optional("last_lines", &StepProcess::last_lines, "of stderr"),
                      optional("stdout_bytes", &StepProcess::stdout_bytes, ""),
                      optional("stderr_bytes", &StepProcess::stderr_bytes, "")};
  }
};

struct OutputChunk {  // at most 64 KiB of bytes
  static constexpr std::string_view type = "output";
  StepId step;
  OutputStream stream = OutputStream::out;
  std::int64_t offset = 0;
  std::string data;
  bool end = false;  // the process ended and nothing follows; sent once, data may be empty
  static constexpr auto fields() {
    return std::tuple{
        required("step", &OutputChunk::step, ""), required("stream", &OutputChunk::stream, ""),
        required("offset", &OutputChunk::offset, ""),
        required("data", &OutputChunk::data, "base64"), optional("end", &OutputChunk::end, "")};
  }
};

struct Sample {  // every 5 s; not kept, not resent
  static constexpr std::string_view type = "sample";
  Time at{};
  double cpu_percent = 0;  // of the whole machine's cores, by the node's own processes
  std::int64_t rss_bytes = 0;
  std::int64_t disk_bytes = 0;  // in the node's directory's file system, free
  static constexpr auto fields() {
    return std::tuple{required("at", &Sample::at, ""),
                      optional("cpu_percent", &Sample::cpu_percent, "of the node's processes"),
                      optional("rss_bytes", &Sample::rss_bytes, "of the node's processes"),
                      optional("disk_bytes", &Sample::disk_bytes, "free")};
  }
};

using Report =
    std::variant<Hello, PlanApplied, DaemonsReport, LeaseRenewed, StepProcess, OutputChunk, Sample>;

std::string write_order(const Order& order);  // with the '\n'
std::string write_report(const Report& report);
Result<Order> read_order(std::string_view line);  // unknown types and fields are refused
Result<Report> read_report(std::string_view line);

// 0 for those that are not numbered.
std::int64_t seq_of(const Report& report);

}  // namespace bdaas
