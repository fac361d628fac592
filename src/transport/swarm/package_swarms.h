#pragma once
// Packages of the engines, brought to the machines of a cluster behind SSH: what is there already
// by its hash stays, the rest comes from one another, from this manager last. Thread-safe;
// blocking.

#include "transport/ssh/ssh_agents.h"
#include "transport/swarm/package_manifests.h"
#include "transport/swarm/swarm_loop.h"

namespace bdaas {

class PackageSwarms final : public PackageCarrier {
 public:
  // packages: the directory that holds them here. agents and entropy outlive this.
  PackageSwarms(SshAgents& agents, const std::filesystem::path& packages, Entropy& entropy);

  Result<> carry(const Delivery& delivery, const std::atomic<bool>& cancel) override;

 private:
  Result<> await(const SwarmLoop::Ticket& ticket, const std::atomic<bool>& cancel);

  SshAgents& agents_;
  PackageManifests manifests_;
  SwarmLoop loop_;
};

}  // namespace bdaas
