#include "agent/daemon_run.h"

#include <algorithm>

namespace bdaas {

namespace {

using State = DaemonState;
using Act = DaemonAct;

std::string exit_text(const DaemonFacts& facts, Millis lived) {
  const auto code = facts.exit ? fmt::format("exit code {}", *facts.exit)
                               : std::string("ended while its agent was away");
  return fmt::format("{} after {}", code, human_duration(lived));
}

std::size_t ends_in_window(const DaemonRecord& record, Instant now) {
  const auto from = now.time_since_epoch() - kRestartWindow;
  return static_cast<std::size_t>(
      std::ranges::count_if(record.ends, [&](Millis end) { return end > from; }));
}

DaemonDecision stop(const DaemonRecord& record, const DaemonFacts& facts, Instant now) {
  if (!facts.alive) return {State::stopped, Act::forget};
  const Instant kill_at = facts.stop_began + record.stop_grace;
  if (now >= kill_at) return {State::stopped, facts.sent == Act::kill ? Act::none : Act::kill};
  const bool told = facts.sent == Act::terminate || facts.sent == Act::kill;
  return {State::stopped, told ? Act::none : Act::terminate, kill_at};
}

DaemonDecision begin(const DaemonFacts& facts) {
  if (facts.initialized) return {State::starting, Act::start};
  return {State::initializing, Act::initialize};
}

DaemonDecision failed(std::string why) {
  DaemonDecision decision{State::failed};
  decision.ended = true;
  decision.why = std::move(why);
  return decision;
}

DaemonDecision after_exit(const DaemonSpec& spec, const DaemonRecord& record,
                          const DaemonFacts& facts, Instant now) {
  return after_end(spec, record, exit_text(facts, now.time_since_epoch() - record.began), now);
}

DaemonDecision initializing(const DaemonSpec& spec, const DaemonRecord& record,
                            const DaemonFacts& facts, Instant now) {
  const Instant deadline{record.began + spec.ready_timeout_ms};
  if (facts.alive) {
    if (now < deadline) return {State::initializing, Act::none, deadline};
    return {State::initializing, facts.sent == Act::kill ? Act::none : Act::kill};
  }
  // An unknown outcome is resolved by running it again: see init_mode.h.
  if (facts.initialized || !facts.exit) return begin(facts);
  if (now >= deadline) {
    return failed(fmt::format("its initialization did not end within {}",
                              human_duration(spec.ready_timeout_ms)));
  }
  return failed("its initialization: " + exit_text(facts, now.time_since_epoch() - record.began));
}

DaemonDecision starting(const DaemonSpec& spec, const DaemonRecord& record,
                        const DaemonFacts& facts, Instant now) {
  const Instant deadline{record.began + spec.ready_timeout_ms};
  if (facts.alive && facts.probes_hold) return {State::ready};
  if (facts.alive && now < deadline) {
    return {State::starting, Act::none, std::min(deadline, now + kProbeEvery)};
  }
  if (facts.alive && now < deadline + kDumpTime) {
    const auto act = facts.sent == Act::none ? Act::dump_threads : Act::none;
    return {State::starting, act, deadline + kDumpTime};
  }
  if (facts.alive) return {State::starting, facts.sent == Act::kill ? Act::none : Act::kill};
  if (facts.sent == Act::none) return after_exit(spec, record, facts, now);
  return failed(fmt::format("not ready within {}", human_duration(spec.ready_timeout_ms)));
}

}  // namespace

DaemonDecision after_end(const DaemonSpec& spec, const DaemonRecord& record, std::string why,
                         Instant now) {
  const auto before = ends_in_window(record, now);
  if (before >= static_cast<std::size_t>(std::max<std::int64_t>(spec.max_restarts, 0))) {
    if (before > 0) why += fmt::format(", its end number {} within ten minutes", before + 1);
    return failed(std::move(why));
  }
  DaemonDecision decision{State::restarting};
  decision.not_before = now + backoff_after(before);
  decision.look_again = *decision.not_before;
  decision.ended = true;
  decision.why = std::move(why);
  return decision;
}

Millis backoff_after(std::size_t ends) {
  Millis wait = kFirstBackoff;
  for (std::size_t i = 0; i < ends && wait < kLastBackoff; ++i) wait *= 2;
  return std::min(wait, kLastBackoff);
}

DaemonDecision decide_daemon(const DaemonSpec& spec, const DaemonRecord& record,
                             const DaemonFacts& facts, Instant now) {
  if (!facts.wanted) return stop(record, facts, now);
  switch (record.state) {
    case State::waiting:
    case State::stopped:
      return begin(facts);
    case State::initializing:
      return initializing(spec, record, facts, now);
    case State::starting:
      return starting(spec, record, facts, now);
    case State::ready:
      if (!facts.alive) return after_exit(spec, record, facts, now);
      return {State::ready};
    case State::restarting:
      if (now.time_since_epoch() >= record.not_before) return begin(facts);
      return {State::restarting, Act::none, Instant(record.not_before)};
    case State::failed:
      return {State::failed};
  }
  return {record.state};
}

}  // namespace bdaas
