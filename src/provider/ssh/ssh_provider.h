#pragma once
// Hosts of one's own, borrowed: one machine of a cluster on each at a time, and given back clean.
// They are never powered off.
//
// What is lent to us stands in a book on this computer, written before a host is touched:
//
//   <book>/<token>.json          0600; see SshLoan
//
// and as a directory on the host itself, by which other managers of the same user see it. A list is
// the book: a host that does not answer stays in it until it has been given back.

#include <mutex>
#include <set>

#include "base/files.h"
#include "model/host_agents.h"
#include "model/provider.h"

namespace bdaas {

struct SshLoan {
  InstallationId installation;
  LeaseId token;
  ClusterId cluster;
  SshHost host;
  std::string base;                // the manager's directory on it
  std::optional<Machine> machine;  // none: it was about to be borrowed

  static constexpr auto fields() {
    return std::tuple{required("installation", &SshLoan::installation, "whose it is"),
                      required("token", &SshLoan::token, ""),
                      required("cluster", &SshLoan::cluster, ""),
                      required("host", &SshLoan::host, "as its owner named it"),
                      required("base", &SshLoan::base, "the manager's directory on it"),
                      optional("machine", &SshLoan::machine, "none: it was about to be borrowed")};
  }
};

struct SshProviderOptions {
  fs::path book;
  InstallationId installation;
  std::string user;  // log-in name where a host names none
};

class SshProvider final : public Provider {
 public:
  // agents outlives this.
  SshProvider(SshProviderOptions options, HostAgents& agents)
      : options_(std::move(options)), agents_(agents) {}

  std::string_view name() const override { return "ssh"; }
  // Takes the host of the node's place in the list, or the first that is free.
  Result<Machine> rent(const RentRequest& request) override;
  Result<> release(const LeaseId& token) override;
  Result<std::vector<ListedMachine>> list() override;

  // Looks at every host, all at once, and at their clocks, disks and addresses. One offer: what the
  // smallest of them has, and how many are free.
  Result<std::vector<Offer>> offers(const ClusterSpec& spec) override;
  Result<> check_ports(const ClusterSpec& spec, const std::vector<std::int64_t>& ports) override;

 private:
  Result<std::vector<SshLoan>> loans();
  Result<> write(const SshLoan& loan);
  fs::path page(const LeaseId& token) const { return options_.book / (token.text + ".json"); }
  std::string base_on(const SshHost& host) const;
  SshHost with_user(SshHost host) const;
  Result<SshHost> reserve(const RentRequest& request);
  Result<Machine> borrow(const RentRequest& request, const SshLoan& loan);
  std::vector<Result<HostFacts>> look_at(const ClusterSpec& spec,
                                         const std::vector<std::int64_t>& ports);

  const SshProviderOptions options_;
  HostAgents& agents_;
  std::mutex mutex_;  // a host is chosen and written down by one at a time
};

}  // namespace bdaas
