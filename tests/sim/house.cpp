#include "house.h"

#include <algorithm>

namespace bdaas {

namespace {

// Far longer than the reaper may take.
constexpr Millis kStrayTtl{60 * 60'000};

std::optional<Effect> link_effect(const Order& order) {
  if (std::holds_alternative<ApplyPlan>(order)) return Effect::apply_plan;
  if (std::holds_alternative<RenewLease>(order)) return Effect::renew_lease;
  return std::nullopt;
}

std::optional<Effect> link_effect(const Report& report) {
  if (std::holds_alternative<PlanApplied>(report)) return Effect::apply_plan;
  if (std::holds_alternative<LeaseRenewed>(report)) return Effect::renew_lease;
  return std::nullopt;
}

// Shorter than the product's, so that a run of minutes sees leases renewed and run out.
ControlSettings sim_settings() {
  ControlSettings settings;
  settings.lease_ttl = Millis{120'000};
  settings.node_ready_deadline = Millis{30'000};
  settings.poll_interval = Millis{1'000};
  settings.drain_deadline = Millis{60'000};
  settings.unreachable_deadline = Millis{60'000};
  settings.list_interval = Millis{10'000};
  settings.reap_grace = Millis{30'000};
  return settings;
}

}  // namespace

// Before and behind the fake provider: an intent must stand before a rent, and a rent that a dead
// manager left unanswered must not be repeated before a list.
class House::WatchedProvider final : public Provider {
 public:
  explicit WatchedProvider(House& house) : house_(&house), watched_(*this) {}

  std::string_view name() const override { return "fake"; }
  Result<Machine> rent(const RentRequest& request) override {
    return house_->sabotage_.rent(watched_, request);
  }
  Result<> release(const LeaseId& token) override {
    return house_->sabotage_.release(watched_, token);
  }
  Result<std::vector<ListedMachine>> list() override { return house_->sabotage_.list(watched_); }
  Result<std::vector<Offer>> offers(const ClusterSpec& spec) override {
    return house_->provider_.offers(spec);
  }

  void left_unanswered(const LeaseId& token) { unanswered_.insert(token); }

 private:
  struct Watched final : Provider {
    explicit Watched(WatchedProvider& owner_in) : owner(&owner_in) {}
    std::string_view name() const override { return "fake"; }
    Result<Machine> rent(const RentRequest& request) override {
      House& house = *owner->house_;
      if (!house.store.has_pending_intent(Effect::rent, request.token.text)) {
        house.scene_.violated(fmt::format("rent of {} without an intent", request.token.text));
      }
      if (owner->unanswered_.contains(request.token)) {
        house.scene_.violated(fmt::format("rent of {} was repeated after a restart without a list",
                                          request.token.text));
      }
      return house.provider_.rent(request);
    }
    Result<> release(const LeaseId& token) override {
      return owner->house_->provider_.release(token);
    }
    Result<std::vector<ListedMachine>> list() override {
      auto machines = owner->house_->provider_.list();
      if (machines) owner->unanswered_.clear();
      return machines;
    }
    Result<std::vector<Offer>> offers(const ClusterSpec& spec) override {
      return owner->house_->provider_.offers(spec);
    }
    WatchedProvider* owner;
  };

  House* house_;
  Watched watched_;
  std::set<LeaseId> unanswered_;
};

// A manager has several providers; nobody ever rents from this one, and it answers lists only.
class House::EmptyProvider final : public Provider {
 public:
  std::string_view name() const override { return "empty"; }
  Result<Machine> rent(const RentRequest&) override {
    return fail(ErrorKind::resource_exhausted, "there is nothing to rent here");
  }
  Result<> release(const LeaseId&) override {
    return fail(ErrorKind::unavailable, "the empty provider cannot be reached");
  }
  Result<std::vector<ListedMachine>> list() override { return std::vector<ListedMachine>(); }
  Result<std::vector<Offer>> offers(const ClusterSpec&) override { return std::vector<Offer>(); }
};

// The node links and the placer; tells the probe of the effects that are messages.
class House::WatchedLinks final : public NodeLinks, public AgentPlacer {
 public:
  explicit WatchedLinks(House& house) : house_(&house) {}

  void open(const NodeId& node, const Machine& machine) override {
    house_->links.open(node, machine);
  }
  void close(const NodeId& node) override { house_->links.close(node); }
  void on_event(std::function<void()> wake) override { house_->links.on_event(std::move(wake)); }

  bool send(const NodeId& node, const Order& order) override {
    const auto effect = link_effect(order);
    if (effect) house_->sabotage_.probe(Point::before_call, *effect);
    const bool queued = house_->sabotage_.send(house_->links, node, order);
    if (effect) house_->sabotage_.probe(Point::after_call, *effect);
    if (const auto* ack = std::get_if<Ack>(&order)) {
      const auto answered = reports_.find({node, ack->seq});
      if (answered != reports_.end()) {
        house_->sabotage_.probe(Point::after_answer, answered->second);
      }
    }
    return queued;
  }

  std::vector<LinkEvent> drain() override {
    auto events = house_->links.drain();
    house_->sabotage_.drained(house_->links, events);
    reports_.clear();
    for (const auto& event : events) {
      const auto* item = std::get_if<LinkReport>(&event);
      const auto effect = item == nullptr ? std::nullopt : link_effect(item->report);
      if (effect) reports_[{item->node, seq_of(item->report)}] = *effect;
    }
    return events;
  }

  Result<> place(const Machine& machine, const AgentConfig& config) override {
    if (house_->living_.contains(machine.machine_id)) return house_->links.place(machine, config);
    return fail(ErrorKind::unavailable, "machine {} does not answer", machine.machine_id);
  }

 private:
  House* house_;
  std::map<std::pair<NodeId, std::int64_t>, Effect> reports_;  // of the last drain
};

class House::LogToTrace final : public LogSink {
 public:
  explicit LogToTrace(House& house) : house_(&house) {}
  void write(LogLevel level, std::string_view text) override {
    house_->scene_.trace("{} {}: {}", house_->id_.text, to_text(level), text);
    if (level == LogLevel::error) house_->scene_.violated(std::string(text));
  }

 private:
  House* house_;
};

House::House(Scene& scene, InstallationId id, Sabotage& sabotage)
    : links(scene.clock, scene.dice, {}),
      service(scene.clock, {.drain_time = Millis{2'500}, .reads_sources = false}, this),
      collector(service),
      scene_(scene),
      id_(std::move(id)),
      sabotage_(sabotage),
      settings_(sim_settings()),
      provider_(scene.cloud, id_),
      watched_provider_(std::make_unique<WatchedProvider>(*this)),
      empty_provider_(std::make_unique<EmptyProvider>()),
      watched_links_(std::make_unique<WatchedLinks>(*this)),
      log_(std::make_shared<LogToTrace>(*this)) {
  store.keeps = sabotage.keeps;
  links.forget_inits(sabotage.agents_forget_inits);
  watch_commits();
}

House::~House() = default;

void House::set_faults(HouseFaults faults) {
  faults_ = faults;
  engine_back_ = {};
  links.set_faults(faults.links);
  strike();
}

// What happens by itself, without any call: hosts break, engines fall silent.
void House::strike() {
  const int all = faults_.machine_dies + faults_.engine_gone + faults_.daemons_crash;
  if (all + faults_.stray_appears == 0) return;
  for (const auto& node : links.living_nodes()) {
    if (!scene_.dice.chance(faults_.daemons_crash)) continue;
    scene_.trace("{} the daemons of {} crash", id_.text, node.text);
    links.crash_daemons(node);
  }
  for (const auto& [machine_id, life] : living_) {
    if (!scene_.dice.chance(faults_.machine_dies)) continue;
    scene_.trace("{} {} breaks", id_.text, machine_id);
    machines_changed_ = scene_.cloud.end_by_itself(life.machine.request.token) || machines_changed_;
  }
  if (scene_.dice.chance(faults_.stray_appears)) add_stray();
  sweep_machines();
  if (scene_.dice.chance(faults_.engine_gone)) {
    engine_back_ = scene_.clock.now() + scene_.dice.time(Millis{0}, Millis{120'000});
    scene_.trace("{} the engine falls silent", id_.text);
  }
  scene_.agenda.at(scene_.clock.now() + Millis{10'000}, [this] { strike(); });
}

// As when the rows are set back to what they were before a rent.
void House::add_stray() {
  RentRequest request;
  request.installation = id_;
  request.token = LeaseId{fmt::format("{}{}-{}", kStrayPrefix, id_.text, ++strays_)};
  request.cluster = ClusterId{"c-forgotten"};
  request.host = request.token.text;
  request.expires_at = scene_.clock.now() + kStrayTtl;
  scene_.trace("{} {} appears", id_.text, request.token.text);
  (void)provider_.rent(request);
  machines_changed_ = true;
}

Seams House::seams() {
  Seams seams;
  seams.providers["fake"] = watched_provider_.get();
  seams.providers["empty"] = empty_provider_.get();
  seams.engines["fake"] = EngineSet{&engine_, &service};
  seams.placer = watched_links_.get();
  seams.links = watched_links_.get();
  seams.collector = &collector;
  seams.spool = &spool;
  seams.installation = id_;
  seams.user = "sim";
  return seams;
}

void House::watch_commits() {
  const auto each_intent = [](const MemoryStore::Writes& writes, auto&& visit) {
    for (const auto& write : writes) {
      if (write.table != NounTraits<Intent>::table) continue;
      for (const auto& row : kEffects) {
        if (write.id.starts_with(fmt::format("t-{}-", row.text))) visit(row.effect, write.state);
      }
    }
  };
  store.before_commit = [this, each_intent](const MemoryStore::Writes& writes) {
    sabotage_.probe(Point::before_commit, std::nullopt);
    each_intent(writes, [&](Effect effect, const std::string& state) {
      if (state == to_text(IntentState::pending)) sabotage_.probe(Point::before_intent, effect);
    });
  };
  store.after_commit = [this, each_intent](const MemoryStore::Writes& writes) {
    sabotage_.probe(Point::after_commit, std::nullopt);
    each_intent(writes, [&](Effect effect, const std::string& state) {
      if (state != to_text(IntentState::pending)) sabotage_.probe(Point::after_answer, effect);
    });
  };
}

// ---- the manager's life ----

void House::start_manager() {
  if (up()) return;
  store.restart();
  sabotage_.at_restart(store);
  scene_.trace("{} manager starts", id_.text);
  up_since_ = scene_.clock.now();
  guarded([&] {
    loop_ = std::make_unique<ControlLoop>(
        store, seams(), *this, scene_.clock, settings_,
        Log(log_, scene_.tracing ? LogLevel::info : LogLevel::error),
        [this] { turn_at_ = std::min(turn_at_, scene_.clock.now()); }, sabotage_.deciders);
    if (auto done = loop_->recover(); !done) scene_.violated(done.error().message);
    links.on_event([this] { turn_at_ = std::min(turn_at_, scene_.clock.now()); });
    turn_at_ = scene_.clock.now();
  });
}

void House::kill_manager() {
  if (!up()) return;
  scene_.trace("{} manager dies", id_.text);
  const auto left = std::exchange(flights_, {});
  for (const auto& [id, flight] : left) {
    if (flight.carried_out || !scene_.dice.chance(500)) continue;
    scene_.trace("{} {} {} arrives all the same", id_.text, to_text(flight.call.effect),
                 flight.call.subject);
    (void)flight.call.run();
  }
  for (const auto& [id, flight] : left) {
    if (flight.call.effect != Effect::rent) continue;
    watched_provider_->left_unanswered(LeaseId{flight.call.subject});
  }
  loop_.reset();
  links.drop_manager();
  spool.manager_died();
  store.restart();
  turn_at_ = Time::max();
  machines_changed_ = true;
  sweep_machines();
}

void House::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const ManagerKilled&) {
    kill_manager();
    scene_.agenda.at(scene_.clock.now() + scene_.dice.time(Millis{100}, Millis{3'000}),
                     [this] { start_manager(); });
  }
}

bool House::wish(const std::function<void(ControlLoop&)>& wish) {
  if (!up()) return false;
  guarded([&] { wish(*loop_); });
  if (!up()) return false;
  turn_at_ = std::min(turn_at_, scene_.clock.now());
  return true;
}

void House::turn() {
  turn_at_ = Time::max();
  guarded([&] {
    const auto next = loop_->turn();
    if (!next) return scene_.violated(fmt::format("the loop gave up: {}", next.error().message));
    turn_at_ = std::min(turn_at_, std::max(*next, scene_.clock.now() + Millis{1}));
  });
}

// ---- effects ----

void House::start(EffectCall call) {
  sabotage_.probe(Point::before_call, call.effect);
  for (const auto& [id, flight] : flights_) {
    if (flight.call.effect == call.effect && flight.call.subject == call.subject) {
      scene_.violated(fmt::format("{} {} is in flight twice", to_text(call.effect), call.subject));
    }
  }
  scene_.trace("{} begins {} {}", id_.text, to_text(call.effect), call.subject);
  const auto id = next_flight_++;
  flights_[id].call = std::move(call);
  const Millis slowest{scene_.dice.chance(faults_.slow_call) ? 20'000 : 150};
  scene_.agenda.at(scene_.clock.now() + scene_.dice.time(Millis{0}, slowest),
                   [this, id] { carry_out(id); });
}

void House::carry_out(std::int64_t id) {
  const auto flight = flights_.find(id);
  if (flight == flights_.end()) return;  // of a manager that died
  const EffectCall call = flight->second.call;
  const bool lost = loses_answer(call.effect);
  if (!lost || scene_.dice.chance(500)) flight->second.outcome = sabotage_.run(call);
  flight->second.carried_out = true;
  if (lost) {
    flight->second.outcome = Outcome{call.effect, call.subject, call.intent};
    flight->second.outcome.error = fail(ErrorKind::unknown_outcome, "the answer was lost");
  }
  machines_changed_ = machines_changed_ || call.effect == Effect::rent ||
                      call.effect == Effect::release || call.effect == Effect::place_agent;
  const Millis slowest{scene_.dice.chance(faults_.slow_call) ? 20'000 : 400};
  scene_.agenda.at(scene_.clock.now() + scene_.dice.time(Millis{1}, slowest),
                   [this, id] { answer(id); });
  sweep_machines();
  guarded([&] { sabotage_.probe(Point::after_call, call.effect); });
}

void House::answer(std::int64_t id) {
  const auto flight = flights_.find(id);
  if (flight == flights_.end()) return;
  Outcome outcome = std::move(flight->second.outcome);
  flights_.erase(flight);
  scene_.trace("{} answer of {} {}: {}", id_.text, to_text(outcome.effect), outcome.subject,
               outcome.error ? outcome.error->message : "done");
  loop_->post(std::move(outcome));
}

// Rents, releases and submissions lose theirs at the provider and in the engine, which take note.
bool House::loses_answer(Effect effect) {
  if (effect == Effect::rent || effect == Effect::submit_step) return false;
  return scene_.dice.chance(faults_.answer_lost);
}

FakeFault House::fault(FakeCall call, const ClusterId&, const std::string&) {
  if (scene_.clock.now() < engine_back_) return FakeFault::unavailable;
  if (scene_.dice.chance(faults_.engine_unavailable)) return FakeFault::unavailable;
  if (call != FakeCall::submit || !scene_.dice.chance(faults_.submit_unknown)) {
    return FakeFault::none;
  }
  return scene_.dice.chance(500) ? FakeFault::unknown_done : FakeFault::unknown_not_done;
}

// ---- time ----

Time House::next_event() const {
  Time next = std::min(turn_at_, links.next_event().value_or(Time::max()));
  for (const auto& [machine, life] : living_) next = std::min(next, life.expires_at);
  return next;
}

void House::run_due() {
  const Time now = scene_.clock.now();
  if (links.next_event().value_or(Time::max()) <= now) {
    links.advance();
    sabotage_.links_moved(links);
    watch_programs();
  }
  end_expired_machines();
  if (up() && turn_at_ <= now) turn();
}

void House::sweep_machines() {
  if (!std::exchange(machines_changed_, false)) return;
  std::map<std::string, Living> present;
  for (auto& machine : scene_.cloud.living()) {
    if (machine.request.installation != id_) continue;
    const std::string machine_id = machine.machine.machine_id;
    const Time expires_at = std::max(machine.request.expires_at, links.expires_at(machine_id));
    present[machine_id] = Living{std::move(machine), expires_at};
  }
  const auto before = std::exchange(living_, std::move(present));
  for (const auto& [machine_id, life] : before) {
    if (living_.contains(machine_id)) continue;
    scene_.trace("{} {} ({}) is gone", id_.text, machine_id, life.machine.request.token.text);
    links.machine_gone(machine_id);
    if (life.machine.request.host.ends_with("-master")) {
      service.end_cluster(life.machine.request.cluster);
    }
  }
}

// Programs that the agent of a master runs end by themselves, and some of them badly.
void House::watch_programs() {
  for (const auto& step : links.running_steps()) {
    if (!programs_seen_.insert(step).second) continue;
    const Millis time = scene_.dice.time(Millis{200}, Millis{40'000});
    const int exit_code = scene_.dice.chance(faults_.program_fails) ? 1 : 0;
    scene_.agenda.at(scene_.clock.now() + time,
                     [this, step, exit_code] { links.end_step(step, exit_code); });
  }
}

// A manager that was there all the time has no machine run out that it wants.
void House::check_expiry(const LeaseId& token) {
  const Time long_ago = scene_.clock.now() - settings_.lease_ttl / 2;
  if (!up() || up_since_ > long_ago) return;
  const auto* member = loop_->rows().member_of_lease(token);
  if (member == nullptr || member->lease.status.state != LeaseState::ready) return;
  if (member->lease.status.since > long_ago) return;
  if (!machine_wanted(*loop_->rows().cluster(member->node.cluster), *member)) return;
  scene_.violated(fmt::format("nobody renewed {}, though its manager was there", token.text));
}

// The dead-man time of a machine: what its agent was last told, or what it was rented with.
void House::end_expired_machines() {
  const Time now = scene_.clock.now();
  for (auto& [machine_id, life] : living_) {
    if (life.expires_at > now) continue;
    life.expires_at = std::max(life.machine.request.expires_at, links.expires_at(machine_id));
    if (life.expires_at > now) continue;
    scene_.trace("{} nobody renewed {}", id_.text, machine_id);
    check_expiry(life.machine.request.token);
    machines_changed_ = scene_.cloud.end_by_itself(life.machine.request.token) || machines_changed_;
  }
  sweep_machines();
}

}  // namespace bdaas
