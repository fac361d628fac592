#pragma once
// The place `--on fake`: machines and agents in memory, which cost nothing and run nothing, for
// demonstrations and for measuring the manager itself. Its machines end with the manager.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "provider/fake/fake_provider.h"
#include "transport/fake/fake_links.h"

namespace bdaas {

// Thread-safe; its own thread carries out what is due.
class FakePlace final : public Provider, public NodeLinks, public AgentPlacer {
 public:
  // clock and entropy outlive it.
  FakePlace(InstallationId installation, const Clock& clock, Entropy& entropy);
  ~FakePlace() override;

  static bool owns(const Machine& machine) { return machine.machine_id.starts_with("f-"); }

  std::string_view name() const override { return provider_.name(); }
  Result<Machine> rent(const RentRequest& request) override;
  Result<> release(const LeaseId& token) override;
  Result<std::vector<ListedMachine>> list() override { return provider_.list(); }
  Result<std::vector<Offer>> offers(const ClusterSpec& spec) override {
    return provider_.offers(spec);
  }

  void open(const NodeId& node, const Machine& machine) override;
  void close(const NodeId& node) override;
  bool send(const NodeId& node, const Order& order) override;
  std::vector<LinkEvent> drain() override;
  void on_event(std::function<void()> wake) override;
  Result<> place(const Machine& machine, const AgentConfig& config) override;

 private:
  void run();

  NoFaults no_faults_;
  FakeCloud cloud_;
  FakeProvider provider_;
  const Clock& clock_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;  // guarded by mutex_, as all below
  FakeLinks links_;
  std::map<LeaseId, std::string> machine_ids_;  // of the living
  std::thread thread_;                          // last: it uses all above
};

}  // namespace bdaas
