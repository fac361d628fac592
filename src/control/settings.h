#pragma once
// Every limit and interval of the control room, in one place. Passed by constructor.

#include "base/clock.h"

namespace bdaas {

struct ControlSettings {
  Millis lease_ttl{
      30 * 60'000};  // dead-man time of a machine while it is wanted; renewed at a third of it
  Millis agent_deadline{60'000};  // Rented → agent said hello; then the machine is replaced
  Millis place_again{3'000};      // an agent that was placed and does not answer is placed again
  Millis order_again{3'000};  // an agent is told again to run or stop a program until it says so
  Millis node_ready_deadline{180'000};    // agent's hello → every daemon ready
  Millis release_deadline{60'000};        // released, and still listed: it is released again
  Millis poll_interval{400};              // of a running step
  Millis drain_interval{1'000};           // a leaving worker's rest is asked for again
  Millis drain_deadline{3'600'000};       // not drained by then: the worker stays after all
  Millis unreachable_after{15'000};       // engine silent for so long: the step is Unreachable
  Millis unreachable_deadline{300'000};   // then it has failed; so has what the engine refuses
  Millis cancel_deadline{60'000};         // Cancelling → Cancelled without the engine's word
  Millis output_deadline{10'000};         // nothing more of a driver's output: it is not waited for
  Millis pack_deadline{120'000};          // likewise before its exit report: it packs what it left
  Millis output_deadline_max{1'800'000};  // however much still comes
  Millis list_interval{30'000};  // of the provider's machines, when nothing waits for a list
  Millis list_retry{1'000};      // when a lease waits for one
  Millis reap_grace{
      60'000};  // a machine of ours without a lease is older than this before it is ended
  Millis silence_deadline{120'000};  // of an agent on another computer: then its machine is Lost
  std::int64_t lists_to_lose = 3;    // complete lists without a leased machine: it is Lost
  std::int64_t reap_cap = 20;        // machines ended by one pass of the reaper
  std::int64_t rent_attempts = 4;
  std::int64_t engine_attempts = 3;          // load_data, submit_step, collect, clean_up
  std::int64_t replacements_per_worker = 2;  // machines given up before the cluster is
  Millis backoff_first{500};
  Millis backoff_max{30'000};
  Millis engine_backoff_max{5'000};  // of what a job waits for: an engine is back within seconds
  Millis full_pass{5'000};           // every row is looked at again, whatever was or was not heard
};

// Time to wait before attempt n+1: doubles from backoff_first up to `max`, with up to 25 % of
// jitter taken from `salt`, so that it is the same in every run of one simulation.
Millis backoff(const ControlSettings& settings, std::int64_t attempt, std::string_view salt,
               Millis max);

}  // namespace bdaas
