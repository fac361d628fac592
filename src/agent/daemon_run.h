#pragma once
// One daemon's life, decided by a pure function of what is recorded, what is observed and the time.
//
//   waiting ──▶ initializing ──▶ starting ──▶ ready
//      │             │             ▲  │  ▲      │
//      └─────────────┼─────────────┘  │  └──────┼──── restarting ◀── it ended, and may go on
//                    ▼                ▼         ▼
//                  failed ◀── not ready in time, ended too often, or its initialization failed
//   any ──▶ stopped: no longer wanted like this; when its process has ended, it is gone, or begun
//                    anew with its new spec
//
// The spec says what is wanted; DaemonRecord is what the agent keeps on disk about it.

#include <optional>
#include <vector>

#include "agent/instant.h"
#include "agent/process.h"
#include "model/agent_messages.h"

namespace bdaas {

struct DaemonRecord {
  std::string name;
  // of the spec it was begun with; another in the plan: it is stopped
  std::string fingerprint;
  Millis stop_grace{3000};  // of that spec
  DaemonState state = DaemonState::waiting;
  std::optional<ProcessId> process;  // of the daemon, or of its initialization
  Millis began{};                    // since boot: when that process began
  Millis not_before{};               // restarting: when it may begin again
  std::vector<Millis> ends;          // its unwanted ends within the last ten minutes
  std::int64_t restarts = 0;         // in its whole life
  std::int64_t exit_code = 0;        // of its last end
  std::int64_t log_begin = 0;        // size of its log when its process began
  std::string message;

  static constexpr auto fields() {
    return std::tuple{required("name", &DaemonRecord::name, ""),
                      required("fingerprint", &DaemonRecord::fingerprint, "of its spec"),
                      optional("stop_grace_ms", &DaemonRecord::stop_grace, ""),
                      required("state", &DaemonRecord::state, ""),
                      optional("process", &DaemonRecord::process, ""),
                      optional("began_ms", &DaemonRecord::began, "since boot"),
                      optional("not_before_ms", &DaemonRecord::not_before, "since boot"),
                      optional("ends_ms", &DaemonRecord::ends, "since boot"),
                      optional("restarts", &DaemonRecord::restarts, ""),
                      optional("exit_code", &DaemonRecord::exit_code, ""),
                      optional("log_begin", &DaemonRecord::log_begin, ""),
                      optional("message", &DaemonRecord::message, "")};
  }
};

enum class DaemonAct {
  none,
  initialize,    // run init_once
  start,         // run the daemon
  dump_threads,  // SIGQUIT: a JVM writes its threads into the log
  terminate,     // SIGTERM
  kill,          // SIGKILL
  forget,        // stopped, and nothing of it runs
};

struct DaemonFacts {
  bool wanted = true;                // false: to be stopped
  bool initialized = true;           // has no init_once, or its marker is there
  bool alive = false;                // its recorded process lives
  std::optional<int> exit;           // its code when it does not, if known
  bool probes_hold = false;          // looked at while starting
  DaemonAct sent = DaemonAct::none;  // the last signal sent to that process
  Instant stop_began{};              // when it was first not wanted
};

struct DaemonDecision {
  DaemonState state;
  DaemonAct act = DaemonAct::none;
  // at the latest; an end of the process is looked at in any case
  Instant look_again = kNever;
  std::optional<Instant> not_before;  // to be recorded
  // an unwanted end: to be recorded, with a message when it failed
  bool ended = false;
  // of a failure: "exit code 1 after 0.3 s", "not ready after 120 s"
  std::string why;
};

inline constexpr Millis kRestartWindow = std::chrono::minutes(10);
inline constexpr Millis kFirstBackoff{200};
inline constexpr Millis kLastBackoff{10'000};
inline constexpr Millis kProbeEvery{60};
inline constexpr Millis kDumpTime{1'000};  // from SIGQUIT to SIGKILL

DaemonDecision decide_daemon(const DaemonSpec& spec, const DaemonRecord& record,
                             const DaemonFacts& facts, Instant now);

// An unwanted end that is not recorded yet: begun again later, or failed when there were too many.
// A start that could not be made for a reason that may pass counts as one.
DaemonDecision after_end(const DaemonSpec& spec, const DaemonRecord& record, std::string why,
                         Instant now);

// Before the next start, after so many earlier ends in the window: 0.2 s, doubling, at most 10 s.
Millis backoff_after(std::size_t ends);

}  // namespace bdaas
