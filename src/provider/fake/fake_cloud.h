#pragma once
// One account at an invented provider: machines in memory, used by any number of managers through
// their FakeProviders. Stricter than a real one: it keeps a ledger of every machine that ever
// lived, and notes what a correct manager never does (violations()). Thread-safe. For simulation,
// demonstrations and tests.

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/provider.h"
#include "provider/fake/fault_plan.h"

namespace bdaas {

struct FakeMachine {
  RentRequest request;
  Machine machine;
  Time rented_at{};
  Time listed_from{};  // the list lags behind
  std::optional<Time> terminated_at;
  Time listed_alive_until{};  // and behind the end, too

  bool lives() const { return !terminated_at; }
};

struct FakeCloudOptions {
  std::int64_t machines_max = 10'000;  // living at once; then resource_exhausted
  std::int64_t memory_mib = 16'384;    // offered
  std::int64_t cores = 4;              // offered
  Millis terminated_shown{3'600'000};  // list() shows ended machines for so long
};

class FakeCloud {
 public:
  // plan and clock outlive the cloud. The clock must be thread-safe if the callers are several.
  FakeCloud(FakeCloudOptions options, const Clock& clock, FaultPlan& plan)
      : options_(options), clock_(clock), plan_(plan) {}

  // The four verbs, as Provider has them; caller: the installation whose manager calls.
  Result<Machine> rent(const InstallationId& caller, const RentRequest& request);
  Result<> release(const InstallationId& caller, const LeaseId& token);
  Result<std::vector<ListedMachine>> list(const InstallationId& caller);
  Result<std::vector<Offer>> offers();

  // The machine ends without being released: power off at its dead-man time, a broken host. False:
  // no such living machine.
  bool end_by_itself(const LeaseId& token);

  std::vector<FakeMachine> ledger()
      const;  // every machine that ever lived, in the order of renting
  std::vector<FakeMachine> living() const;
  std::size_t living_count() const;

  // One sentence each, in the order of happening:
  //   a rent or release of an installation's machine by another one; a rent without tags, or that
  //   expires at once; one token for two wishes; a rent of a token that was released; a rent
  //   repeated after an unknown outcome without a complete list in between; a second living
  //   machine of one host name in a cluster.
  // What could do harm is refused besides.
  std::vector<std::string> violations() const;

 private:
  // All below: with mutex_ held.
  bool is_proper(const InstallationId& caller, const RentRequest& request);
  Result<Machine> rent_again(const FakeMachine& known, const RentRequest& request);
  Machine add_machine(const RentRequest& request);
  void end_machine(FakeMachine& machine, Millis lag);
  FakeMachine* find(const LeaseId& token);

  template <class... Args>
  void violate(fmt::format_string<Args...> format, Args&&... args) {
    violations_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  const FakeCloudOptions options_;
  const Clock& clock_;
  FaultPlan& plan_;

  mutable std::mutex mutex_;  // guards all below
  std::vector<FakeMachine> ledger_;
  std::map<LeaseId, std::size_t> by_token_;  // index in ledger_ of the token's last machine
  std::set<std::pair<ClusterId, std::string>> living_hosts_;
  std::size_t living_count_ = 0;
  std::map<LeaseId, InstallationId> unknown_rents_;  // without a complete list since then
  std::set<LeaseId> released_;
  std::vector<std::string> violations_;
};

}  // namespace bdaas
