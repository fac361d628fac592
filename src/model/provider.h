#pragma once
// The provider seam: machines are rented, released and listed. Four verbs, typed refusals.
// Implementations: local, fake (later ssh, ec2, openstack). One contract suite runs over all of
// them. Blocking, called on pool threads, several at once; every call ends within its deadline.

#include <string>
#include <vector>

#include "base/result.h"
#include "model/nouns.h"

namespace bdaas {

struct RentRequest {
  InstallationId installation;  // tag: whose machine it is
  LeaseId token;                // renting twice with one token gives one machine
  ClusterId cluster;            // tag
  std::string host;             // symbolic name
  std::int64_t memory_mib = 0;
  std::int64_t cores = 0;
  Time expires_at{};           // tag, and dead-man time until the agent hears another
  std::int64_t index = 0;      // of the node: the master's is 0
  std::vector<SshHost> hosts;  // that may be borrowed; of provider ssh
};

struct ListedMachine {
  InstallationId installation;
  LeaseId token;
  ClusterId cluster;
  Machine machine;
  bool terminated = false;  // shown by the provider, but costs nothing any more
};

struct Offer {
  std::string name;  // of a machine type
  std::int64_t memory_mib = 0;
  std::int64_t cores = 0;
  std::int64_t available = 0;  // machines of it that may still be rented; -1 unknown
  std::int64_t memory_total_mib =
      0;                       // of the one machine that all nodes share; 0: each has its own
  std::int64_t disk_mib = -1;  // free for the directories of all its nodes together; -1 unknown
  bool per_machine = false;    // memory and cores are of each machine; else of all together
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;

  // Errors: resource_exhausted (capacity, quota), permission_denied, invalid_argument, throttled,
  // unavailable (nothing was done), unknown_outcome (resolve by list()).
  virtual Result<Machine> rent(const RentRequest& request) = 0;

  // Idempotent: an unknown or already released token is success. On return nothing of it runs any
  // more or the provider has promised so; list() tells.
  virtual Result<> release(const LeaseId& token) = 0;

  // Complete, of all installations, or an error; an error is never "empty".
  virtual Result<std::vector<ListedMachine>> list() = 0;

  // What may be rented for such a cluster. Also refuses what would make renting fail, as far as it
  // can be told before, in one sentence.
  virtual Result<std::vector<Offer>> offers(const ClusterSpec& spec) = 0;

  // Whether machines that are rented now would have these TCP ports to themselves; conflict names
  // the port and, where it can, who holds it. Default: they are computers of their own.
  virtual Result<> check_ports(const ClusterSpec&, const std::vector<std::int64_t>&) { return {}; }
};

}  // namespace bdaas
