#pragma once
// A status is state + reason + source + message + since. Desired and observed are separate columns
// elsewhere.

#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/fields.h"
#include "base/result.h"

namespace bdaas {

// Why something is in its state. A reason exists because a person or a program reacts to it.
enum class Reason {
  none,
  user_request,  // somebody asked for it
  progress,      // the ordinary next step
  idle,          // idle time-out
  job_done,      // an ephemeral cluster's job ended
  quorum_reached,
  provider_refused,  // capacity, quota, credentials; the message has the provider's words
  lease_expired,
  node_lost,
  daemon_failed,
  not_ready_in_time,
  bootstrap_failed,
  program_failed,  // the user's program; its last lines are in the message
  invalid_program,
  out_of_memory,
  out_of_disk,
  timed_out,    // the user's --timeout
  data_failed,  // input or output could not be moved
  outcome_unknown,
  manager_restarted,
  orphaned,  // found by the reaper
  internal_error,
};

constexpr auto enum_table(Reason) {
  using enum Reason;
  return enum_rows<Reason>({{none, "none"},
                            {user_request, "user_request"},
                            {progress, "progress"},
                            {idle, "idle"},
                            {job_done, "job_done"},
                            {quorum_reached, "quorum_reached"},
                            {provider_refused, "provider_refused"},
                            {lease_expired, "lease_expired"},
                            {node_lost, "node_lost"},
                            {daemon_failed, "daemon_failed"},
                            {not_ready_in_time, "not_ready_in_time"},
                            {bootstrap_failed, "bootstrap_failed"},
                            {program_failed, "program_failed"},
                            {invalid_program, "invalid_program"},
                            {out_of_memory, "out_of_memory"},
                            {out_of_disk, "out_of_disk"},
                            {timed_out, "timed_out"},
                            {data_failed, "data_failed"},
                            {outcome_unknown, "outcome_unknown"},
                            {manager_restarted, "manager_restarted"},
                            {orphaned, "orphaned"},
                            {internal_error, "internal_error"}});
}

template <class State>
struct Status {
  State state{};
  Reason reason = Reason::none;
  std::string
      source;  // who said so: "user", "provider local", "node n-…", "yarn", "reaper", "manager"
  std::string message;  // one sentence for a person; empty when the reason says it all
  Time since{};

  static constexpr auto fields() {
    return std::tuple{required("state", &Status::state, "see the state diagram"),
                      optional("reason", &Status::reason, "why it is in this state"),
                      optional("source", &Status::source, "who said so"),
                      optional("message", &Status::message, "one sentence for a person"),
                      optional("since", &Status::since, "when it entered the state")};
  }
};

// ---- edge tables (see states.h) ----

template <class State>
struct Edge {
  State from;
  State to;
  std::string_view why;
};

template <class State>
constexpr bool may_move(State from, State to) {
  for (const auto& edge : edge_table(State{})) {
    if (edge.from == from && edge.to == to) return true;
  }
  return false;
}

// A state without an edge that leaves it.
template <class State>
constexpr bool is_terminal(State state) {
  for (const auto& edge : edge_table(State{})) {
    if (edge.from == state) return false;
  }
  return true;
}

}  // namespace bdaas
