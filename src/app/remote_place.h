#pragma once
// Everything for machines behind SSH, put together: connections, agents and their links, packages,
// and the hosts that users lend.

#include "app/installation.h"
#include "provider/ssh/ssh_provider.h"
#include "transport/link_loop.h"
#include "transport/ssh/ssh_hosts.h"
#include "transport/swarm/package_swarms.h"

namespace bdaas {

class RemotePlace {
 public:
  struct Options {
    InstallationId installation;
    StateDir state_dir;
    std::string agent_binary;
    std::string user;  // log-in name where none is given
    Log log;
  };
  // entropy outlives it.
  RemotePlace(const Options& options, Entropy& entropy);

  static bool owns(const Machine& machine) { return machine.ssh.has_value(); }

  RemoteHosts& hosts() { return hosts_; }
  SshAgents& agents() { return agents_; }
  PackageCarrier& packages() { return packages_; }
  NodeLinks& links() { return links_; }
  Provider& provider() { return provider_; }
  // In the same order. Any thread.
  Result<std::vector<KnownSshLogin>> known_logins(const std::vector<SshLogin>& logins) const;

 private:
  const fs::path known_hosts_;
  const std::string user_;
  SshHosts hosts_;
  SshAgents agents_;
  PackageSwarms packages_;
  LinkLoop links_;
  SshProvider provider_;
};

}  // namespace bdaas
