#pragma once
// Machines of Amazon EC2, rented for a cluster and terminated after it. All that it knows stands in
// EC2 as tags and in the files of AccessKeeper; a new process goes on where the old one was.
//
// One token, one machine, in three ways: within this process one rent of a token at a time, a look
// for its tags before every RunInstances, and AWS's ClientToken for what the look does not show
// yet. Only a typed refusal moves a rent on to the next type or place; no answer never does.

#include <condition_variable>
#include <map>
#include <mutex>

#include "model/provider.h"
#include "net/aws_credentials.h"
#include "provider/ec2/catalog.h"
#include "provider/ec2/cluster_access.h"

namespace bdaas {

class Ec2Provider final : public Provider {
 public:
  // clock outlives it, and is the real one: signatures carry the time.
  Ec2Provider(Ec2Options options, AwsSources sources, const Clock& clock);

  std::string_view name() const override { return "ec2"; }

  // Ends within two minutes and the calls it makes. The machine is as large as the first type that
  // has what is asked for. unavailable also: rented, but without an address yet; rent it again.
  Result<Machine> rent(const RentRequest& request) override;

  // Terminates every machine of the token. With a cluster's last one its keys and group go, at once
  // or, while EC2 still uses them, with a later list().
  Result<> release(const LeaseId& token) override;

  // Tidies as well, when something may be left: it is the call that is made again and again.
  Result<std::vector<ListedMachine>> list() override;

  // The types of the options, after preflight(). available is not known.
  Result<std::vector<Offer>> offers(const ClusterSpec&) override;

  // Whether a rent would be taken: credentials, region, types, image, subnets, rights. Rents
  // nothing. What was right once in the last minutes is not asked again.
  Result<> preflight();

  // Removes keys and groups of clusters of this installation that have no machine.
  Result<> tidy();

 private:
  // A token whose rent runs, or ended so lately that EC2 may not list it yet.
  struct Recent {
    ClusterId cluster;
    bool running = true;
    Time settled_at{};
    std::string machine_id;  // as RunInstances said it
  };
  class Rent;

  Result<> check(const RentRequest& request) const;
  Result<> check_options() const;
  Result<ec2::Instance> launch(const RentRequest& request);
  Result<ec2::Instance> launch_at(const RentRequest& request, const ec2::InstanceType& type,
                                  const ec2::Place& place, const ec2::ClusterAccess& access);
  Result<ec2::Launch> launch_of(const ec2::InstanceType& type, const ec2::Place& place);
  Result<std::optional<ec2::Instance>> find(const LeaseId& token);
  Result<ec2::Instance> wait_until_listed(const LeaseId& token, Error error);
  Result<Machine> wait_for_address(ec2::Instance instance, const LeaseId& token);
  bool is_reachable(const ec2::Instance& instance) const;
  Machine machine_of(const ec2::Instance& instance) const;
  bool is_used(const ClusterId& cluster);
  std::string recent_machine(const LeaseId& token);
  Result<std::set<ClusterId>> living_clusters(std::vector<ec2::Filter> filters);
  Result<> remove_access(const ClusterId& cluster);
  Result<bool> remove_leftovers();
  void tidy_by(Time time);
  void wait(Millis time);

  const Ec2Options options_;
  const Clock& clock_;
  HttpClient http_;
  AwsCredentialChain credentials_;
  ec2::Query query_;
  ec2::Catalog catalog_;
  ec2::AccessKeeper access_;

  std::mutex mutex_;  // guards what follows; never held while EC2 is asked
  std::condition_variable rent_ended_;
  std::map<LeaseId, Recent> recent_;
  Time tidy_at_{};  // at once: an earlier process may have left something
  Time checked_at_{};
};

}  // namespace bdaas
