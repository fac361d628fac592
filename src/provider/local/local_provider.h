#pragma once
// Machines that are directories of this computer, each with a loopback address of its own. No root,
// no container. The provider holds no process and nothing in memory: all it knows stands in the
// directories.
//
//   <machines>/<token>/            0700
//     lease.json                   written before anything else; see LocalLease
//     …                            the agent's and its daemons'
//
// Its processes carry BDAAS_LEASE or run inside the directory (machine_processes.h).

#include <mutex>

#include "base/files.h"
#include "base/host_resources.h"
#include "model/provider.h"

namespace bdaas {

struct LocalOptions {
  fs::path machines;            // absolute
  InstallationId installation;  // whose the directories are that do not say so
  Millis release_timeout = std::chrono::seconds(20);
};

// <machine>/lease.json
struct LocalLease {
  InstallationId installation;
  LeaseId token;
  ClusterId cluster;
  std::string host;
  Machine machine;
  Time expires_at{};  // as rented; the agent may have heard a later one
  Time created_at{};

  static constexpr auto fields() {
    return std::tuple{required("installation", &LocalLease::installation, "whose it is"),
                      required("token", &LocalLease::token, ""),
                      required("cluster", &LocalLease::cluster, ""),
                      required("host", &LocalLease::host, "symbolic name"),
                      required("machine", &LocalLease::machine, ""),
                      optional("expires_at", &LocalLease::expires_at, "as rented"),
                      optional("created_at", &LocalLease::created_at, "")};
  }
};

class LocalProvider final : public Provider {
 public:
  // entropy chooses addresses; clock stamps. Both outlive the provider.
  LocalProvider(LocalOptions options, Entropy& entropy, const Clock& clock)
      : options_(std::move(options)), entropy_(entropy), clock_(clock) {}

  std::string_view name() const override { return "local"; }
  Result<Machine> rent(const RentRequest& request) override;

  // Ends everything of the machine by SIGKILL and removes its directory. Whoever wants an orderly
  // end tells the agent first.
  Result<> release(const LeaseId& token) override;

  // A directory without a readable lease.json is a rent or a removal that was broken off. It is
  // listed, as ours, when it is older than a minute.
  Result<std::vector<ListedMachine>> list() override;

  // One: the memory that is free now, and the cores.
  Result<std::vector<Offer>> offers(const ClusterSpec&) override;

  // A port that somebody holds at every address of this computer.
  Result<> check_ports(const ClusterSpec&, const std::vector<std::int64_t>& ports) override;

  // On the disk that holds the machines.
  Result<std::uint64_t> free_disk_bytes() const;

 private:
  Result<fs::path> directory_of(const LeaseId& token) const;
  Result<Machine> make_machine(const RentRequest& request, const fs::path& directory);
  Result<std::string> choose_address();

  const LocalOptions options_;
  Entropy& entropy_;
  const Clock& clock_;
  std::mutex renting_;  // an address is chosen and written down by one at a time
};

}  // namespace bdaas
