#pragma once
// One installation on the account: its manager, which may die at any moment, and all that outlives
// it: the rows, the agents, the engine. The manager is the product's ControlLoop; around it stand
// the shipped fakes, a runner that runs calls when the dice please, and watchers that note what a
// correct manager never does.

#include <memory>

#include "control/loop.h"
#include "engine/fake/fake_engine.h"
#include "fake_stream.h"
#include "memory_store.h"
#include "provider/fake/fake_provider.h"
#include "sabotage.h"
#include "scene.h"
#include "service/fake_service.h"
#include "transport/fake/fake_links.h"

namespace bdaas {

// Of the tokens of machines that no row of their installation knows.
inline constexpr std::string_view kStrayPrefix = "l-stray-";

// Chances are in thousandths of each call.
struct HouseFaults {
  LinkFaults links;
  int engine_unavailable = 0;
  int submit_unknown = 0;
  int answer_lost = 0;    // of an effect's call: carried out or not, nobody hears
  int slow_call = 0;      // takes up to 20 s
  int program_fails = 0;  // of those that an agent runs
  int machine_dies = 0;   // of each living machine, every ten seconds
  int engine_gone = 0;    // every ten seconds; it does not answer for up to two minutes then
  int daemons_crash = 0;  // of each node, every ten seconds; they are started again
  int stray_appears = 0;  // every ten seconds: a machine of ours that no row knows
};

class House final : public EffectRunner, FakeFaultPlan {
 public:
  House(Scene& scene, InstallationId id, Sabotage& sabotage);
  ~House() override;

  // ---- the manager ----
  void start_manager();  // unless it is up
  void kill_manager();   // what is on its way may or may not arrive
  bool up() const { return loop_ != nullptr; }
  ControlLoop& loop() { return *loop_; }
  Time up_since() const { return up_since_; }
  // Runs `wish` (a command) on the manager. False: it is down, or died over it.
  bool wish(const std::function<void(ControlLoop&)>& wish);

  // ---- time ----
  Time next_event() const;
  void run_due();  // at most one event of each kind

  // ---- what outlives it ----
  MemoryStore store;
  FakeLinks links;
  FakeService service;
  FakeSpool spool;
  FakeCollector collector;

  struct Living {
    FakeMachine machine;
    Time expires_at{};
  };
  const std::map<std::string, Living>& living() const { return living_; }  // by machine id
  const InstallationId& id() const { return id_; }
  std::size_t in_flight() const { return flights_.size(); }
  void set_faults(HouseFaults faults);

 private:
  struct Flight {
    EffectCall call;
    bool carried_out = false;
    Outcome outcome;
  };

  // The seams as the manager sees them: sabotage first, then the watchers, then the fakes.
  class WatchedProvider;
  class EmptyProvider;
  class WatchedLinks;
  class LogToTrace;

  Seams seams();
  void start(EffectCall call) override;
  void carry_out(std::int64_t flight);
  void answer(std::int64_t flight);
  bool loses_answer(Effect effect);
  FakeFault fault(FakeCall call, const ClusterId& cluster, const std::string& subject) override;
  void watch_commits();
  void turn();
  // Runs what may call into the manager; a ManagerKilled of the sabotage's probe ends here.
  void guarded(const std::function<void()>& work);
  void sweep_machines();
  void watch_programs();
  void end_expired_machines();
  void strike();
  void add_stray();
  void check_expiry(const LeaseId& token);

  Scene& scene_;
  const InstallationId id_;
  Sabotage& sabotage_;
  HouseFaults faults_;
  ControlSettings settings_;
  FakeProvider provider_;
  FakeEngine engine_;
  std::unique_ptr<WatchedProvider> watched_provider_;
  std::unique_ptr<EmptyProvider> empty_provider_;
  std::unique_ptr<WatchedLinks> watched_links_;
  std::shared_ptr<LogSink> log_;

  std::unique_ptr<ControlLoop> loop_;
  std::map<std::int64_t, Flight> flights_;  // of this manager
  std::int64_t next_flight_ = 1;
  int strays_ = 0;  // that appeared so far
  Time turn_at_ = Time::max();
  Time up_since_{};
  Time engine_back_{};  // until then it does not answer
  bool machines_changed_ = false;
  std::map<std::string, Living> living_;
  std::set<StepId> programs_seen_;  // processes whose end stands in the agenda
};

}  // namespace bdaas
