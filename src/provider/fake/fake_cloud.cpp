#include "provider/fake/fake_cloud.h"

#include <algorithm>
#include <iterator>

namespace bdaas {

namespace {

std::optional<Error> error_of(Fault fault, ProviderCall call) {
  const bool changes = call == ProviderCall::rent || call == ProviderCall::release;
  if (fault == Fault::none) return std::nullopt;
  if (fault == Fault::throttled) {
    return fail(ErrorKind::throttled, "the fake cloud asks for fewer calls; try later");
  }
  if (fault == Fault::no_capacity && call == ProviderCall::rent) {
    return fail(ErrorKind::resource_exhausted, "the fake cloud has no machine of this kind left");
  }
  if (changes && (fault == Fault::unknown_done || fault == Fault::unknown_not_done)) {
    return fail(ErrorKind::unknown_outcome, "the fake cloud did not answer");
  }
  return fail(ErrorKind::unavailable, "the fake cloud cannot be reached");
}

// Is it done although the caller hears an error, or none?
bool is_done(Fault fault) { return fault == Fault::none || fault == Fault::unknown_done; }

bool same_wish(const RentRequest& a, const RentRequest& b) {
  return a.installation == b.installation && a.cluster == b.cluster && a.host == b.host &&
         a.memory_mib == b.memory_mib && a.cores == b.cores;
}

}  // namespace

Result<Machine> FakeCloud::rent(const InstallationId& caller, const RentRequest& request) {
  const std::lock_guard lock(mutex_);
  const Fault fault = plan_.fault(ProviderCall::rent, request.token);
  const auto error = error_of(fault, ProviderCall::rent);
  if (!is_proper(caller, request)) {
    return fail(ErrorKind::invalid_argument, "the rent of {} is not proper", request.token.text);
  }
  if (unknown_rents_.erase(request.token) > 0) {
    violate("rent of {} was repeated after an unknown outcome without a list", request.token.text);
  }
  if (error && error->kind == ErrorKind::unknown_outcome) {
    unknown_rents_[request.token] = caller;
  }
  if (!is_done(fault)) return *error;
  const FakeMachine* known = find(request.token);
  if (known == nullptr || !known->lives()) {
    if (living_count_ >= static_cast<std::size_t>(options_.machines_max)) {
      return fail(ErrorKind::resource_exhausted, "the fake cloud gives {} machines and no more",
                  options_.machines_max);
    }
  }
  auto machine = known != nullptr && known->lives() ? rent_again(*known, request)
                                                    : Result<Machine>(add_machine(request));
  return error ? Result<Machine>(*error) : machine;
}

bool FakeCloud::is_proper(const InstallationId& caller, const RentRequest& request) {
  const std::size_t before = violations_.size();
  const std::string& token = request.token.text;
  if (request.token.empty() || request.installation.empty() || request.cluster.empty() ||
      request.host.empty()) {
    violate("rent of '{}' without all its tags", token);
  }
  if (request.installation != caller) {
    violate("rent of {} by {} in the name of {}", token, caller.text, request.installation.text);
  }
  if (request.expires_at <= clock_.now()) violate("rent of {} expires at once", token);
  if (released_.contains(request.token)) violate("rent of {} after its release", token);
  const FakeMachine* known = find(request.token);
  const bool again = known != nullptr && known->lives();
  if (!again && living_hosts_.contains({request.cluster, request.host})) {
    violate("rent of {}: {} has a living machine of the name {}", token, request.cluster.text,
            request.host);
  }
  return violations_.size() == before;
}

Result<Machine> FakeCloud::rent_again(const FakeMachine& known, const RentRequest& request) {
  if (same_wish(known.request, request)) return known.machine;
  violate("rent of {} for two different wishes", request.token.text);
  return fail(ErrorKind::invalid_argument, "the token {} stands for another wish",
              request.token.text);
}

Machine FakeCloud::add_machine(const RentRequest& request) {
  const std::size_t number = ledger_.size() + 1;
  const Time now = clock_.now();
  const Machine machine{
      .machine_id = fmt::format("f-{:06}", number),
      .address = fmt::format("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255),
      .dir = "/fake/" + request.token.text,
      .memory_mib = request.memory_mib,
      .cores = request.cores};
  ledger_.push_back({.request = request,
                     .machine = machine,
                     .rented_at = now,
                     .listed_from = now + plan_.lag(ProviderCall::rent, request.token)});
  by_token_[request.token] = ledger_.size() - 1;
  living_hosts_.insert({request.cluster, request.host});
  ++living_count_;
  return machine;
}

Result<> FakeCloud::release(const InstallationId& caller, const LeaseId& token) {
  const std::lock_guard lock(mutex_);
  const Fault fault = plan_.fault(ProviderCall::release, token);
  const auto error = error_of(fault, ProviderCall::release);
  FakeMachine* machine = find(token);
  if (machine != nullptr && machine->request.installation != caller) {
    violate("release of {} of {} by {}", token.text, machine->request.installation.text,
            caller.text);
    return fail(ErrorKind::permission_denied, "{} belongs to another installation", token.text);
  }
  if (is_done(fault)) {
    released_.insert(token);
    if (machine != nullptr && machine->lives()) {
      end_machine(*machine, plan_.lag(ProviderCall::release, token));
    }
  }
  return error ? Result<>(*error) : Result<>();
}

void FakeCloud::end_machine(FakeMachine& machine, Millis lag) {
  machine.terminated_at = clock_.now();
  machine.listed_alive_until = clock_.now() + lag;
  living_hosts_.erase({machine.request.cluster, machine.request.host});
  --living_count_;
}

Result<std::vector<ListedMachine>> FakeCloud::list(const InstallationId& caller) {
  const std::lock_guard lock(mutex_);
  const Fault fault = plan_.fault(ProviderCall::list, {});
  if (auto error = error_of(fault, ProviderCall::list)) return *std::move(error);
  std::erase_if(unknown_rents_, [&](const auto& entry) { return entry.second == caller; });
  const Time now = clock_.now();
  std::vector<ListedMachine> machines;
  for (const auto& machine : ledger_) {
    if (now < machine.listed_from) continue;
    const bool alive = machine.lives() || now < machine.listed_alive_until;
    if (!alive && now >= *machine.terminated_at + options_.terminated_shown) continue;
    machines.push_back({.installation = machine.request.installation,
                        .token = machine.request.token,
                        .cluster = machine.request.cluster,
                        .machine = machine.machine,
                        .terminated = !alive});
  }
  return machines;
}

Result<std::vector<Offer>> FakeCloud::offers() {
  const std::lock_guard lock(mutex_);
  const Fault fault = plan_.fault(ProviderCall::offers, {});
  if (auto error = error_of(fault, ProviderCall::offers)) return *std::move(error);
  return std::vector<Offer>{
      {.name = "fake",
       .memory_mib = options_.memory_mib,
       .cores = options_.cores,
       .available = options_.machines_max - static_cast<std::int64_t>(living_count_)}};
}

bool FakeCloud::end_by_itself(const LeaseId& token) {
  const std::lock_guard lock(mutex_);
  FakeMachine* machine = find(token);
  if (machine == nullptr || !machine->lives()) return false;
  end_machine(*machine, Millis{0});
  return true;
}

FakeMachine* FakeCloud::find(const LeaseId& token) {
  const auto found = by_token_.find(token);
  return found == by_token_.end() ? nullptr : &ledger_[found->second];
}

std::vector<FakeMachine> FakeCloud::ledger() const {
  const std::lock_guard lock(mutex_);
  return ledger_;
}

std::vector<FakeMachine> FakeCloud::living() const {
  const std::lock_guard lock(mutex_);
  std::vector<FakeMachine> machines;
  std::copy_if(ledger_.begin(), ledger_.end(), std::back_inserter(machines),
               [](const FakeMachine& machine) { return machine.lives(); });
  return machines;
}

std::size_t FakeCloud::living_count() const {
  const std::lock_guard lock(mutex_);
  return living_count_;
}

std::vector<std::string> FakeCloud::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

}  // namespace bdaas
