#pragma once
// An intent is the committed row that precedes every effect. Its id is the idempotency token.
//
//   Pending ──▶ Done | Failed | Unknown          Unknown ──▶ (resolved by listing) Done | Failed
//
// A pending intent found at the start of the manager is Unknown: it may or may not have been
// carried out.

#include "model/nouns.h"

namespace bdaas {

// Every effect that control can have on the outside. The crash tests walk this table, so none can
// be left out.
enum class Effect {
  fetch_release,  // release: packages onto this machine; subject = cluster
  rent,           // provider: subject = lease
  release,        // provider: subject = lease
  place_agent,    // transport: put the agent on the machine and start it; subject = node
  apply_plan,     // node link: send the plan; subject = node
  renew_lease,    // node link: push the dead-man time on; subject = lease
  load_data,      // service: the job's data sets into HDFS; subject = job
  submit_step,    // service: hand the program to the engine; subject = step
  poll_step,      // service: ask the engine; reading only; subject = step
  cancel_step,    // service: subject = step
  collect,        // stream: write the result archive; subject = job
  clean_up,       // service: remove a job's files from a cluster that stays; subject = job
  decommission,   // service: have leaving workers let go, and ask what is left; subject = cluster
  list,           // provider: subject = provider name; reading only
};

struct EffectRow {
  Effect effect;
  std::string_view text;
  // No intent precedes it, for an outcome that is not known is simply asked for again: it only
  // reads, or makes the engine follow rows that stand already.
  bool asked_again;
  bool idempotent;  // repeating it with the same token is harmless by the receiver's contract
};

constexpr auto kEffects = std::to_array<EffectRow>({
    {Effect::fetch_release, "fetch_release", false, true},
    {Effect::rent, "rent", false, true},
    {Effect::release, "release", false, true},
    {Effect::place_agent, "place_agent", false, true},
    {Effect::apply_plan, "apply_plan", false, true},
    {Effect::renew_lease, "renew_lease", false, true},
    {Effect::load_data, "load_data", false, true},
    {Effect::submit_step, "submit_step", false, false},
    {Effect::poll_step, "poll_step", true, true},
    {Effect::cancel_step, "cancel_step", false, true},
    {Effect::collect, "collect", false, true},
    {Effect::clean_up, "clean_up", false, true},
    {Effect::decommission, "decommission", true, true},
    {Effect::list, "list", true, true},
});

constexpr auto enum_table(Effect) {
  std::array<EnumRow<Effect>, kEffects.size()> rows{};
  for (std::size_t i = 0; i < kEffects.size(); ++i)
    rows[i] = {kEffects[i].effect, kEffects[i].text};
  return rows;
}

enum class IntentState { pending, done, failed, unknown };
constexpr auto enum_table(IntentState) {
  using S = IntentState;
  return enum_rows<S>(
      {{S::pending, "Pending"}, {S::done, "Done"}, {S::failed, "Failed"}, {S::unknown, "Unknown"}});
}

struct Intent {
  IntentId id;
  Effect effect = Effect::rent;
  std::string subject;  // id of the row it is about; one live intent per (effect, subject)
  IntentState state = IntentState::pending;
  std::int64_t attempt = 1;  // counts intents of one effect and subject since its last success
  ErrorKind error_kind = ErrorKind::internal;  // of Failed and Unknown
  std::string error;                           // of Failed and Unknown, one sentence
  Time created_at{};
  Time ended_at{};
  Time failing_since{};  // first failure since its last success; Time{}: none
  std::int64_t version = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Intent::id, "t-…, the idempotency token"),
                      required("effect", &Intent::effect, ""),
                      required("subject", &Intent::subject, ""),
                      required("state", &Intent::state, ""),
                      optional("attempt", &Intent::attempt, ""),
                      optional("error_kind", &Intent::error_kind, ""),
                      optional("error", &Intent::error, ""),
                      optional("created_at", &Intent::created_at, ""),
                      optional("ended_at", &Intent::ended_at, ""),
                      optional("failing_since", &Intent::failing_since, ""),
                      optional("version", &Intent::version, "")};
  }
};

}  // namespace bdaas
