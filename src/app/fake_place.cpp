#include "app/fake_place.h"

namespace bdaas {

namespace {

constexpr LinkFaults kCalm{.delay_max = Millis{2}, .daemon_start_max = Millis{200}};
constexpr Millis kIdlePause{3'600'000};

}  // namespace

FakePlace::FakePlace(InstallationId installation, const Clock& clock, Entropy& entropy)
    : cloud_(FakeCloudOptions{}, clock, no_faults_),
      provider_(cloud_, std::move(installation)),
      clock_(clock),
      links_(clock, entropy, kCalm),
      thread_([this] { run(); }) {}

FakePlace::~FakePlace() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FakePlace::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    links_.advance();
    const Time now = clock_.now();
    const Time next = links_.next_event().value_or(now + kIdlePause);
    if (next > now) changed_.wait_for(lock, next - now);
  }
}

Result<Machine> FakePlace::rent(const RentRequest& request) {
  auto machine = provider_.rent(request);
  if (!machine) return machine;
  const std::lock_guard lock(mutex_);
  machine_ids_[request.token] = machine->machine_id;
  return machine;
}

Result<> FakePlace::release(const LeaseId& token) {
  BDAAS_TRY(provider_.release(token));
  const std::lock_guard lock(mutex_);
  const auto known = machine_ids_.find(token);
  if (known == machine_ids_.end()) return {};
  links_.machine_gone(known->second);
  machine_ids_.erase(known);
  changed_.notify_all();
  return {};
}

void FakePlace::open(const NodeId& node, const Machine& machine) {
  const std::lock_guard lock(mutex_);
  links_.open(node, machine);
  changed_.notify_all();
}

void FakePlace::close(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  links_.close(node);
}

bool FakePlace::send(const NodeId& node, const Order& order) {
  const std::lock_guard lock(mutex_);
  const bool sent = links_.send(node, order);
  changed_.notify_all();
  return sent;
}

std::vector<LinkEvent> FakePlace::drain() {
  const std::lock_guard lock(mutex_);
  return links_.drain();
}

void FakePlace::on_event(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  links_.on_event(std::move(wake));
}

Result<> FakePlace::place(const Machine& machine, const AgentConfig& config) {
  const std::lock_guard lock(mutex_);
  auto placed = links_.place(machine, config);
  changed_.notify_all();
  return placed;
}

}  // namespace bdaas
