#pragma once
// One manager's access to a FakeCloud. Thread-safe.

#include "provider/fake/fake_cloud.h"

namespace bdaas {

class FakeProvider final : public Provider {
 public:
  // cloud outlives the provider.
  FakeProvider(FakeCloud& cloud, InstallationId installation)
      : cloud_(cloud), installation_(std::move(installation)) {}

  std::string_view name() const override { return "fake"; }
  Result<Machine> rent(const RentRequest& request) override {
    return cloud_.rent(installation_, request);
  }
  Result<> release(const LeaseId& token) override { return cloud_.release(installation_, token); }
  Result<std::vector<ListedMachine>> list() override { return cloud_.list(installation_); }
  Result<std::vector<Offer>> offers(const ClusterSpec&) override { return cloud_.offers(); }

 private:
  FakeCloud& cloud_;
  const InstallationId installation_;
};

}  // namespace bdaas
