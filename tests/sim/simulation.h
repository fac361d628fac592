#pragma once
// One run out of one seed: the houses on one account, their people, the faults, and the end.

#include "invariants.h"
#include "users.h"

namespace bdaas {

// How much may go wrong; chosen by the seed.
enum class Weather { calm, restarts, cloud, links, all };

struct Life {
  Habits habits;
  HouseFaults house_faults;
  CloudFaults cloud_faults;
  int houses = 1;
  bool all_must_succeed = false;
};

Life life_of(unsigned long long seed);
// One manager, one job on a cluster of its own, nothing goes wrong.
Life quiet_life();
// Likewise, with a need for every effect. on_agent: programs are processes of the master's agent.
Life life_of_every_effect(bool on_agent);

class Simulation {
 public:
  Simulation(unsigned long long seed, Life life, Sabotage& sabotage);

  // The violation; empty: everything held to the end.
  const std::string& run();

  Scene& scene() { return scene_; }
  House& house(std::size_t index) { return *families_[index]->house; }

  // Called after every event.
  std::function<void()> after_event = [] {};

 private:
  struct Family {
    Family(Scene& scene, InstallationId id, Sabotage& sabotage, const Habits& habits);
    std::unique_ptr<House> house;
    Users users;
    Invariants invariants;
  };

  // Runs until then, or until `done`; false: a violation, or `until` came before.
  bool run_until(Time until, const std::function<bool()>& done);
  void step();
  void heal();

  Scene scene_;
  Life life_;
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace bdaas
