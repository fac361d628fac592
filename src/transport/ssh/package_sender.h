#pragma once
// Packages of the engines, brought to a machine behind SSH. Thread-safe; blocking.

#include "transport/ssh/ssh_agents.h"

namespace bdaas {

class PackageSender final : public PackageCarrier {
 public:
  // packages: the directory that holds them here. agents outlives this.
  PackageSender(SshAgents& agents, std::filesystem::path packages)
      : agents_(agents), packages_(std::move(packages)) {}

  Result<> carry(const Machine& machine, const std::vector<std::string>& names,
                 const std::atomic<bool>& cancel) override;

 private:
  SshAgents& agents_;
  const std::filesystem::path packages_;
};

}  // namespace bdaas
