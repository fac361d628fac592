#include "simulation.h"

#include <algorithm>

namespace bdaas {

namespace {

constexpr Millis kAfterTheActs{60'000};   // the faults go on for so long
constexpr Millis kCalmDown{45'000};       // then the rows must agree with the agents
constexpr Millis kScript{100'000};        // the acts of a life of every effect
constexpr Millis kWorkEnds{20 * 60'000};  // every job and step has ended by then
constexpr Millis kAllEnds{20 * 60'000};   // and then every cluster

int up_to(Dice& dice, int most) { return static_cast<int>(dice.between(0, most)); }

LinkFaults link_faults(Dice& dice) {
  LinkFaults faults;
  faults.drop = up_to(dice, dice.chance(250) ? 250 : 40);
  faults.twice = up_to(dice, 60);
  faults.reorder = up_to(dice, 60);
  faults.disconnect = up_to(dice, 30);
  faults.agent_dies = up_to(dice, 15);
  faults.place_refused = up_to(dice, 100);
  faults.place_unanswered = up_to(dice, 50);
  faults.daemon_fails = dice.chance(200) ? 20 : 0;
  faults.delay_max = dice.time(Millis{1}, Millis{500});
  return faults;
}

CloudFaults cloud_faults(Dice& dice) {
  CloudFaults faults;
  faults.throttled = up_to(dice, 60);
  faults.unavailable = up_to(dice, 60);
  faults.no_capacity = dice.chance(200) ? 30 : 0;
  faults.unknown_done = up_to(dice, 100);
  faults.unknown_not_done = up_to(dice, 100);
  faults.lag_max = dice.time(Millis{0}, Millis{5'000});
  return faults;
}

}  // namespace

Life quiet_life() {
  Life life;
  life.habits.only_one_job = true;
  life.all_must_succeed = true;
  return life;
}

Life life_of_every_effect(bool on_agent) {
  Life life;
  life.habits.every_effect = true;
  life.habits.on_agent = on_agent;
  life.habits.acts_until = Millis{0};
  life.all_must_succeed = true;
  return life;
}

Life life_of(unsigned long long seed) {
  Dice dice(seed ^ 0x51f15eedull);
  const auto weather = static_cast<Weather>(seed % 5);
  Life life;
  life.habits.acts = static_cast<int>(dice.between(1, 9));
  life.houses = dice.chance(200) ? 2 : 1;
  const bool all = weather == Weather::all;
  life.all_must_succeed = weather == Weather::calm || weather == Weather::restarts;
  if (weather == Weather::restarts || all) life.habits.restarts = 400;
  if (all && dice.chance(300)) life.habits.down_max = Millis{200'000};
  if (weather == Weather::cloud || all) {
    life.cloud_faults = cloud_faults(dice);
    life.house_faults.engine_unavailable = up_to(dice, 60);
    life.house_faults.submit_unknown = up_to(dice, 200);
    life.house_faults.answer_lost = up_to(dice, 80);
    life.house_faults.slow_call = up_to(dice, 60);
  }
  life.house_faults.program_fails = 100;
  if (dice.chance(300)) life.house_faults.stray_appears = up_to(dice, 100);
  if (weather != Weather::calm) life.house_faults.daemons_crash = up_to(dice, 50);
  if (all && dice.chance(500)) {
    life.house_faults.machine_dies = up_to(dice, 20);
    life.house_faults.engine_gone = up_to(dice, 50);
  }
  if (weather == Weather::links || all) life.house_faults.links = link_faults(dice);
  return life;
}

Simulation::Family::Family(Scene& scene, InstallationId id, Sabotage& sabotage,
                           const Habits& habits)
    : house(std::make_unique<House>(scene, std::move(id), sabotage)),
      users(scene, *house, habits),
      invariants(scene, *house) {}

Simulation::Simulation(unsigned long long seed, Life life, Sabotage& sabotage)
    : scene_(seed), life_(life) {
  for (int i = 0; i < life.houses; ++i) {
    families_.push_back(std::make_unique<Family>(scene_, InstallationId{fmt::format("i-{}", i)},
                                                 sabotage, life.habits));
  }
}

const std::string& Simulation::run() {
  scene_.cloud_faults.faults = life_.cloud_faults;
  for (auto& family : families_) {
    family->house->set_faults(life_.house_faults);
    family->house->start_manager();
    family->users.plan();
  }
  const auto never = [] { return false; };
  const auto every = [&](auto&& holds) {
    return std::all_of(families_.begin(), families_.end(),
                       [&](const auto& family) { return holds(*family); });
  };
  if (!life_.habits.only_one_job && !life_.habits.every_effect) {
    run_until(scene_.clock.now() + life_.habits.acts_until + kAfterTheActs, never);
    heal();
    run_until(scene_.clock.now() + kCalmDown, never);
    for (auto& family : families_) family->invariants.check_rows_agree();
  }
  if (life_.habits.every_effect) run_until(scene_.clock.now() + kScript, never);
  run_until(scene_.clock.now() + kWorkEnds,
            [&] { return every([](Family& family) { return family.users.work_is_done(); }); });
  for (auto& family : families_) {
    family->invariants.check_work_ended();
    family->users.end_clusters();
  }
  run_until(scene_.clock.now() + kAllEnds,
            [&] { return every([](Family& family) { return family.users.all_is_done(); }); });
  for (auto& family : families_) {
    if (!scene_.violation.empty()) break;
    family->invariants.check_end();
    if (life_.all_must_succeed) family->users.check_success();
  }
  return scene_.violation;
}

void Simulation::heal() {
  scene_.trace("the faults end");
  scene_.cloud_faults.faults = {};
  for (auto& family : families_) {
    family->house->set_faults({});
    family->house->start_manager();
  }
}

bool Simulation::run_until(Time until, const std::function<bool()>& done) {
  while (scene_.violation.empty()) {
    if (done()) return true;
    Time next = scene_.agenda.next();
    for (const auto& family : families_) next = std::min(next, family->house->next_event());
    if (next > until) {
      scene_.clock.set(until);
      return false;
    }
    scene_.clock.set(std::max(next, scene_.clock.now()));
    step();
  }
  return false;
}

void Simulation::step() {
  if (scene_.agenda.next() <= scene_.clock.now()) scene_.agenda.run_first();
  for (auto& family : families_) family->house->run_due();
  for (auto& family : families_) family->invariants.check();
  after_event();
}

}  // namespace bdaas
