#pragma once
// Answers of the EC2 Query API. An answer that is not what was asked for, or lacks what every such
// answer has, is `corrupted`: what cannot be read is never taken for an empty list. Pure; the bytes
// may be anybody's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "provider/ec2/errors.h"
#include "provider/ec2/requests.h"

namespace bdaas::ec2 {

enum class InstanceState { pending, running, shutting_down, terminated, stopping, stopped };
constexpr auto enum_table(InstanceState) {
  using enum InstanceState;
  return enum_rows<InstanceState>({{pending, "pending"},
                                   {running, "running"},
                                   {shutting_down, "shutting-down"},
                                   {terminated, "terminated"},
                                   {stopping, "stopping"},
                                   {stopped, "stopped"}});
}

struct Instance {
  std::string id;
  InstanceState state = InstanceState::pending;
  std::string state_reason;  // "Client.VolumeLimitExceeded: …"; empty: none
  std::string type;
  std::string private_address;
  std::string public_address;  // empty: not yet, or never
  std::vector<Tag> tags;

  // Costs money, or will.
  bool lives() const {
    return state != InstanceState::shutting_down && state != InstanceState::terminated;
  }
  std::string tag(std::string_view key) const;  // "": it has none
};

struct InstanceType {
  std::string name;
  std::int64_t memory_mib = 0;
  std::int64_t cores = 0;
  std::vector<std::string> architectures;  // x86_64, arm64, …
};

struct Image {
  std::string id;
  std::string name;
  std::string state;         // "available"
  std::string architecture;  // x86_64, arm64
  std::string root_device;   // /dev/xvda
  std::string created;       // RFC 3339: the later one is greater
};

struct Subnet {
  std::string id;
  std::string vpc_id;
  std::string zone;
};

struct SecurityGroup {
  std::string id;
  std::string name;
  std::string vpc_id;
  std::vector<std::string> ssh_from;  // blocks of addresses that may come in by TCP 22
  std::vector<Tag> tags;
};

struct KeyPair {
  std::string name;
  std::vector<Tag> tags;
};

template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next_token;  // empty: the last one
};

// Parsers of one page, chosen by the item's type.
Result<Page<Instance>> parse_page(std::string_view xml, const Instance*);
Result<Page<InstanceType>> parse_page(std::string_view xml, const InstanceType*);
Result<Page<Image>> parse_page(std::string_view xml, const Image*);
Result<Page<Subnet>> parse_page(std::string_view xml, const Subnet*);
Result<Page<SecurityGroup>> parse_page(std::string_view xml, const SecurityGroup*);
Result<Page<KeyPair>> parse_page(std::string_view xml, const KeyPair*);
// DescribeVpcs: the ids.
Result<Page<std::string>> parse_page(std::string_view xml, const std::string*);

// RunInstances.
Result<std::vector<Instance>> parse_launched(std::string_view xml);
// CreateSecurityGroup.
Result<std::string> parse_group_id(std::string_view xml);

// Whatever came with the status; code and message are empty where it is none of EC2's.
Refusal parse_refusal(int status, std::string_view body);

std::string tag_value(const std::vector<Tag>& tags, std::string_view key);

}  // namespace bdaas::ec2
