#pragma once
// The control loop: takes in what came back, decides until nothing changes, commits, starts
// effects, syncs links. Level-triggered: a wake-up carries no data; a full pass every few seconds
// makes a lost one harmless. turn() and rows() belong to one thread; post() may be called by any.

#include <mutex>

#include "base/log.h"
#include "control/deciders.h"
#include "control/link_sync.h"

namespace bdaas {

class ControlLoop {
 public:
  // `wake` is called by post() on the caller's thread; it must not block.
  ControlLoop(Store& store, Seams seams, EffectRunner& runner, const Clock& clock,
              ControlSettings settings, Log log, std::function<void()> wake,
              Deciders deciders = {});

  // Reads the rows that a manager before this one left. Every link counts as down until it says
  // hello.
  Result<> recover();

  void post(Outcome outcome);

  // Returns when it wants to be called again at the latest. An error is one of the store: the
  // manager must end.
  Result<Time> turn();

  Rows& rows() { return rows_; }
  const Seams& seams() const { return seams_; }
  Time now() const { return clock_->now(); }

  // Nothing is alive that this manager would have to look after: no cluster, no job, no stray
  // machine.
  bool idle() const;

 private:
  Result<> take_outcomes();
  Result<> take_link_events();
  Result<> take_link_event(const LinkEvent& event);
  Result<bool> decide_once();
  Result<bool> carry_out(Decision decision);
  void dispatch(const Changes& changes);
  void stop_unwanted_transfers();

  Rows rows_;
  Seams seams_;
  EffectRunner* runner_;
  const Clock* clock_;
  ControlSettings settings_;
  Log log_;
  std::function<void()> wake_;
  Deciders deciders_;
  Facts facts_;
  LinkSync links_;
  std::vector<std::string> provider_names_;
  std::map<std::pair<Effect, std::string>, std::shared_ptr<std::atomic<bool>>> cancels_;
  std::optional<Time> look_again_;

  std::mutex inbox_mutex_;
  std::vector<Outcome> inbox_;  // guarded by inbox_mutex_
};

}  // namespace bdaas
