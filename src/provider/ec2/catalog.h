#pragma once
// What EC2 has, of what the options name: machine types, the image, the network. Asked for once and
// kept: repeated rents of one token must not differ, and none of it changes under us.

#include <map>
#include <mutex>

#include "provider/ec2/options.h"
#include "provider/ec2/query.h"

namespace bdaas::ec2 {

// Where a machine may be put; both empty: EC2 chooses in the default network.
struct Place {
  std::string subnet_id;
  std::string zone;
};

// Thread-safe.
class Catalog {
 public:
  // Both outlive it.
  Catalog(const Ec2Options& options, Query& query) : options_(options), query_(query) {}

  // In the order of the options. invalid_argument: the region has no such type.
  Result<std::vector<InstanceType>> types();

  // The named one, or the newest of the system for this type's architecture. invalid_argument:
  // none.
  Result<Image> image(const InstanceType& type);

  // The network of the subnets, or the default one. failed_precondition: there is none.
  Result<std::string> vpc_id();

  std::vector<Place> places() const;

 private:
  Result<std::vector<InstanceType>> ask_types();
  Result<Image> ask_image(const std::string& architecture);
  Result<std::string> ask_vpc();

  const Ec2Options& options_;
  Query& query_;
  std::mutex mutex_;  // guards what follows; held while EC2 is asked
  std::vector<InstanceType> types_;
  std::map<std::string, Image> images_;  // by architecture
  std::string vpc_id_;
};

}  // namespace bdaas::ec2
