#pragma once
// What the machines of one cluster share: a key to log in, a host key, a security group. Made when
// its first machine is rented, found again by name and tag, removed after its last. Nothing is kept
// in memory that is not found again.
//
//   <keys>/<cluster>/        0700
//     login, login.pub       0600; the private half first: a public one beside it makes it whole
//     host, host.pub
//
// In EC2: a key pair and a security group, both named bdaas-<installation>-<cluster>.

#include <map>
#include <mutex>
#include <set>

#include "net/ssh_key.h"
#include "provider/ec2/options.h"
#include "provider/ec2/query.h"

namespace bdaas::ec2 {

struct ClusterAccess {
  std::string key_name;
  std::string group_id;
  SshKeyPair login;
  SshKeyPair host;
};

struct Leftovers {
  std::set<ClusterId> old;  // made before a given time
  bool has_younger = false;
};

// Thread-safe; one call for one cluster at a time waits for the other.
class AccessKeeper {
 public:
  // All outlive it. options: installation, keys and allow_from are used.
  AccessKeeper(const Ec2Options& options, Query& query, const Clock& clock)
      : options_(options), query_(query), clock_(clock) {}

  // Makes what is missing, and lets in from allow_from and nowhere else. unavailable: EC2 does not
  // know yet what it has just made.
  Result<ClusterAccess> ensure(const ClusterId& cluster, const std::string& vpc_id);

  // Idempotent. still_used is asked when no ensure() can come between, and keeps all of it when it
  // says so. failed_precondition: EC2 still uses the group; the files stay until it goes.
  template <class StillUsed>
  Result<> remove(const ClusterId& cluster, const StillUsed& still_used) {
    const std::lock_guard lock(mutex_);
    if (still_used()) return {};
    return remove_all(cluster);
  }

  // Clusters of this installation of which something is left, in EC2 or here.
  Result<Leftovers> leftovers(Time before);

  // Forgets what was found, after EC2 said that it is gone.
  void forget(const ClusterId& cluster);

  fs::path key_file(const ClusterId& cluster) const {
    return options_.keys / cluster.text / "login";
  }

 private:
  std::string name_of(const ClusterId& cluster) const;
  std::vector<Tag> tags_of(const ClusterId& cluster) const;
  Result<SshKeyPair> key_of(const ClusterId& cluster, const std::string& name) const;
  Result<> ensure_key_pair(const ClusterId& cluster, const std::string& public_key);
  Result<std::string> ensure_group(const ClusterId& cluster, const std::string& vpc_id);
  Result<> ensure_rules(const SecurityGroup& group);
  Result<> remove_all(const ClusterId& cluster);
  void add_local_leftovers(Time before, Leftovers& left) const;

  const Ec2Options& options_;
  Query& query_;
  const Clock& clock_;
  std::mutex mutex_;  // held while EC2 is asked: what a cluster has is made once
  std::map<ClusterId, ClusterAccess> known_;
};

}  // namespace bdaas::ec2
