#pragma once
// Requests of the EC2 Query API (version 2016-11-15) as forms: names and values in a fixed order.
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/. Pure.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bdaas::ec2 {

using Form = std::vector<std::pair<std::string, std::string>>;

struct Tag {
  std::string key;
  std::string value;

  bool operator==(const Tag&) const = default;
};

struct Filter {
  std::string name;
  std::vector<std::string> values;
};

Form describe_form(const std::string& action, const std::vector<Filter>& filters);
// "<list>.1", "<list>.2", …
void add_list(Form& form, const std::string& list, const std::vector<std::string>& values);

struct Volume {
  std::string device;  // the image's root
  std::int64_t gib = 32;
  std::string type = "gp3";
  bool encrypted = true;  // with the account's key for EBS
};

// One RunInstances: `count` machines that differ in nothing.
struct Launch {
  std::int64_t count = 1;
  std::string client_token;  // AWS starts nothing twice for one; at most 64 signs; empty: none
  std::string image_id;
  std::string instance_type;
  std::string subnet_id;  // empty: the default one of the zone
  std::string zone;       // empty: AWS chooses; for default subnets only
  std::string key_name;
  std::string group_id;
  std::string instance_profile;  // its name; empty: none
  std::string user_data;         // as the machine shall see it
  bool spot = false;
  Volume volume;
  std::vector<Tag> tags;  // of instance and volume
};

Form run_instances_form(const Launch& launch);
// Asks whether it would be done.
Form dry_run(Form form);

Form terminate_form(const std::vector<std::string>& instance_ids);

Form import_key_form(const std::string& name, const std::string& public_key,
                     const std::vector<Tag>& tags);
Form create_group_form(const std::string& name, const std::string& vpc_id,
                       const std::vector<Tag>& tags);
// TCP 22 from the block of addresses, v4 or v6.
Form allow_ssh_form(const std::string& group_id, const std::string& cidr);
Form revoke_ssh_form(const std::string& group_id, const std::string& cidr);
// Everything among the group's own machines.
Form allow_inside_form(const std::string& group_id);

}  // namespace bdaas::ec2
