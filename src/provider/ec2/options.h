#pragma once
// What may be chosen about machines of EC2, with the defaults. All of it is optional but the first
// three.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "model/ids.h"

namespace bdaas {

enum class Ec2System { debian_12, ubuntu_22_04, ubuntu_24_04, amazon_linux_2023 };
constexpr auto enum_table(Ec2System) {
  using enum Ec2System;
  return enum_rows<Ec2System>({{debian_12, "debian-12"},
                               {ubuntu_22_04, "ubuntu-22.04"},
                               {ubuntu_24_04, "ubuntu-24.04"},
                               {amazon_linux_2023, "amazon-linux-2023"}});
}

struct Ec2Options {
  InstallationId installation;  // on every tag; what carries another is never touched
  fs::path keys;                // where the keys of clusters lie, <keys>/<cluster>/, 0700
  std::string allow_from;       // who may log in: "203.0.113.7/32", or a block of IPv6

  std::string region;    // empty: as AWS's own tools find it
  std::string endpoint;  // empty: AWS's
  // Each of the three lists is tried in its order while AWS has no capacity: all places for the
  // first type, then for the second.
  std::vector<std::string> instance_types{"m6i.xlarge"};
  std::vector<std::string> subnets;  // of one network
  std::vector<std::string> zones;    // of the default network; when no subnets are named
  std::string image_id;              // empty: the newest of the system
  Ec2System system = Ec2System::debian_12;
  bool spot = false;
  std::int64_t volume_gib = 32;
  std::string volume_type = "gp3";
  bool volume_encrypted = true;
  std::string instance_profile;    // its name; empty: machines have no role
  bool private_addresses = false;  // the manager reaches machines by them, as from the same network
  std::int64_t power_off_minutes = 60;  // until a machine ends itself when no agent pushes that on

  Millis address_timeout = std::chrono::minutes(2);  // until a rented machine has an address
  Millis poll_every{1'000};
  Millis settled_after = std::chrono::minutes(5);  // by then EC2 lists what was made, surely
};

}  // namespace bdaas
