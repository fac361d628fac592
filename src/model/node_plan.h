#pragma once
// What an agent keeps true on its node. Rendered by an engine (pure), carried by the node link,
// applied by the agent. The agent knows nothing of Spark: files, directories, daemons, probes.

#include "model/nouns.h"

namespace bdaas {

struct FileSpec {
  std::string path;  // absolute, inside the node's directory; others are refused
  std::string content;
  std::int64_t mode = 0644;

  static constexpr auto fields() {
    return std::tuple{required("path", &FileSpec::path, "absolute, inside the node's directory"),
                      required("content", &FileSpec::content, "whole"),
                      optional("mode", &FileSpec::mode, "permission bits; default 0644")};
  }
};

enum class ProbeKind { port, http, file };
constexpr auto enum_table(ProbeKind) {
  return enum_rows<ProbeKind>(
      {{ProbeKind::port, "port"}, {ProbeKind::http, "http"}, {ProbeKind::file, "file"}});
}

// port: a TCP connect succeeds. http: GET answers 200 and, if `expect` is set, the body contains
// it. file: `path` exists.
struct Probe {
  ProbeKind kind = ProbeKind::port;
  std::string address;  // numeric
  std::int64_t port = 0;
  std::string path;
  std::string expect;

  static constexpr auto fields() {
    return std::tuple{required("kind", &Probe::kind, "port, http or file"),
                      optional("address", &Probe::address, "numeric"),
                      optional("port", &Probe::port, ""),
                      optional("path", &Probe::path, "of the URL, or of the file"),
                      optional("expect", &Probe::expect, "text that the body must contain")};
  }
};

// Run once in the life of the node's directory, behind a marker written last.
struct InitOnce {
  std::string marker;             // file name inside the node's directory
  std::vector<std::string> argv;  // exit code 0 or the daemon is not started

  static constexpr auto fields() {
    return std::tuple{required("marker", &InitOnce::marker, "file in the node's directory"),
                      required("argv", &InitOnce::argv, "")};
  }
};

struct DaemonSpec {
  std::string name;                        // unique on the node
  std::vector<std::string> argv;           // argv[0] absolute
  std::map<std::string, std::string> env;  // the whole environment but BDAAS_* which the agent adds
  std::string working_dir;
  std::optional<InitOnce> init_once;
  std::vector<Probe> ready;          // all must hold
  std::string log;                   // stdout and stderr, appended; bounded by the agent
  Millis ready_timeout_ms{120'000};  // then SIGQUIT (a thread dump into the log), then failure
  Millis stop_grace_ms{3'000};       // after SIGTERM; then SIGKILL
  std::int64_t max_restarts = 5;     // within ten minutes; then failed
  bool gates_ready = true;           // the node is not ready without it

  static constexpr auto fields() {
    return std::tuple{
        required("name", &DaemonSpec::name, "unique on the node"),
        required("argv", &DaemonSpec::argv, "argv[0] absolute"),
        optional("env", &DaemonSpec::env, "its whole environment"),
        optional("working_dir", &DaemonSpec::working_dir, ""),
        optional("init_once", &DaemonSpec::init_once, "before its first start"),
        optional("ready", &DaemonSpec::ready, "all must hold"),
        required("log", &DaemonSpec::log, "stdout and stderr"),
        optional("ready_timeout_ms", &DaemonSpec::ready_timeout_ms, "default 120000"),
        optional("stop_grace_ms", &DaemonSpec::stop_grace_ms, "default 3000"),
        optional("max_restarts", &DaemonSpec::max_restarts, "within ten minutes"),
        optional("gates_ready", &DaemonSpec::gates_ready, "node is not ready without it")};
  }
};

struct NodePlan {
  std::int64_t revision = 0;  // grows; an agent refuses to go back
  std::vector<std::string> directories;
  std::vector<FileSpec> files;
  std::vector<DaemonSpec>
      daemons;  // all are started at once; a daemon that needs another dials until it is there

  static constexpr auto fields() {
    return std::tuple{required("revision", &NodePlan::revision, "grows"),
                      optional("directories", &NodePlan::directories, ""),
                      optional("files", &NodePlan::files, ""),
                      optional("daemons", &NodePlan::daemons, "")};
  }
};

// A process the agent runs once, its output kept under <node
// dir>/steps/<step>/{stdout,stderr,work/,exit}.
struct RunSpec {
  StepId step;
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::vector<FileSpec> files;
  std::string working_dir;  // empty: steps/<step>/work

  static constexpr auto fields() {
    return std::tuple{required("step", &RunSpec::step, ""), required("argv", &RunSpec::argv, ""),
                      optional("env", &RunSpec::env, ""), optional("files", &RunSpec::files, ""),
                      optional("working_dir", &RunSpec::working_dir, "")};
  }
};

}  // namespace bdaas
