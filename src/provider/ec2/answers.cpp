#include "provider/ec2/answers.h"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

namespace bdaas::ec2 {

namespace {

Error wrong(std::string_view what) {
  return fail(ErrorKind::corrupted, "EC2 answers something unreadable: {}", what);
}

// Child by child, so that what is missing is an empty node.
pugi::xml_node at(pugi::xml_node node, std::initializer_list<const char*> path) {
  for (const char* name : path) node = node.child(name);
  return node;
}

std::string text(pugi::xml_node node, std::initializer_list<const char*> path) {
  return at(node, path).child_value();
}

std::optional<std::int64_t> whole(pugi::xml_node node, std::initializer_list<const char*> path) {
  const auto digits = text(node, path);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return {};
  return value;
}

// The document's one element, of that name.
Result<pugi::xml_node> root(pugi::xml_document& document, std::string_view xml, const char* name) {
  const auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) return wrong(parsed.description());
  const auto node = document.document_element();
  if (std::string_view(node.name()) != name) return wrong(fmt::format("no {}", name));
  return node;
}

std::vector<Tag> tags_of(pugi::xml_node node) {
  std::vector<Tag> tags;
  for (const auto item : node.child("tagSet").children("item")) {
    tags.push_back({text(item, {"key"}), text(item, {"value"})});
  }
  return tags;
}

// Each item of the list by `read`; the list's element stands there even when it is empty.
template <class Item, class Read>
Result<Page<Item>> read_page(std::string_view xml, const char* answer, const char* list,
                             const Read& read) {
  pugi::xml_document document;
  BDAAS_ASSIGN(const auto node, root(document, xml, answer));
  if (!node.child(list)) return wrong(fmt::format("{} without {}", answer, list));
  Page<Item> page;
  for (const auto item : node.child(list).children("item")) {
    BDAAS_TRY(read(item, page.items));
  }
  page.next_token = text(node, {"nextToken"});
  return page;
}

// An item that is a plain value; without an id it is nothing.
template <class Item>
Result<> take(Item item, const std::string& id, const char* what, std::vector<Item>& items) {
  if (id.empty()) return wrong(fmt::format("{} without an id", what));
  items.push_back(std::move(item));
  return {};
}

Result<> read_instance(pugi::xml_node item, std::vector<Instance>& instances) {
  const auto state = from_text<InstanceState>(text(item, {"instanceState", "name"}));
  if (!state) return wrong("an instance without a state that is known");
  auto reason = text(item, {"stateReason", "message"});
  Instance instance{.id = text(item, {"instanceId"}),
                    .state = *state,
                    .state_reason = std::move(reason),
                    .type = text(item, {"instanceType"}),
                    .private_address = text(item, {"privateIpAddress"}),
                    .public_address = text(item, {"ipAddress"}),
                    .tags = tags_of(item)};
  const auto id = instance.id;
  return take(std::move(instance), id, "an instance", instances);
}

Result<> read_instances(pugi::xml_node list, std::vector<Instance>& instances) {
  for (const auto item : list.child("instancesSet").children("item")) {
    BDAAS_TRY(read_instance(item, instances));
  }
  return {};
}

Result<> read_type(pugi::xml_node item, std::vector<InstanceType>& types) {
  const auto memory = whole(item, {"memoryInfo", "sizeInMiB"});
  const auto cores = whole(item, {"vCpuInfo", "defaultVCpus"});
  if (!memory || !cores) return wrong("an instance type without memory or cores");
  InstanceType type{text(item, {"instanceType"}), *memory, *cores, {}};
  for (const auto entry : at(item, {"processorInfo", "supportedArchitectures"}).children("item")) {
    type.architectures.emplace_back(entry.child_value());
  }
  const auto name = type.name;
  return take(std::move(type), name, "an instance type", types);
}

Result<> read_group(pugi::xml_node item, std::vector<SecurityGroup>& groups) {
  SecurityGroup group{.id = text(item, {"groupId"}),
                      .name = text(item, {"groupName"}),
                      .vpc_id = text(item, {"vpcId"}),
                      .ssh_from = {},
                      .tags = tags_of(item)};
  for (const auto rule : item.child("ipPermissions").children("item")) {
    if (text(rule, {"ipProtocol"}) != "tcp" || text(rule, {"fromPort"}) != "22") continue;
    for (const auto range : rule.child("ipRanges").children("item")) {
      group.ssh_from.push_back(text(range, {"cidrIp"}));
    }
    for (const auto range : rule.child("ipv6Ranges").children("item")) {
      group.ssh_from.push_back(text(range, {"cidrIpv6"}));
    }
  }
  const auto id = group.id;
  return take(std::move(group), id, "a security group", groups);
}

}  // namespace

std::string tag_value(const std::vector<Tag>& tags, std::string_view key) {
  const auto found = std::ranges::find(tags, key, &Tag::key);
  return found == tags.end() ? std::string() : found->value;
}

std::string Instance::tag(std::string_view key) const { return tag_value(tags, key); }

Result<Page<Instance>> parse_page(std::string_view xml, const Instance*) {
  return read_page<Instance>(xml, "DescribeInstancesResponse", "reservationSet", &read_instances);
}

Result<Page<InstanceType>> parse_page(std::string_view xml, const InstanceType*) {
  return read_page<InstanceType>(xml, "DescribeInstanceTypesResponse", "instanceTypeSet",
                                 &read_type);
}

Result<Page<Image>> parse_page(std::string_view xml, const Image*) {
  return read_page<Image>(xml, "DescribeImagesResponse", "imagesSet",
                          [](pugi::xml_node item, std::vector<Image>& images) {
                            Image image{
                                text(item, {"imageId"}),        text(item, {"name"}),
                                text(item, {"imageState"}),     text(item, {"architecture"}),
                                text(item, {"rootDeviceName"}), text(item, {"creationDate"})};
                            const auto id = image.id;
                            return take(std::move(image), id, "an image", images);
                          });
}

Result<Page<Subnet>> parse_page(std::string_view xml, const Subnet*) {
  return read_page<Subnet>(xml, "DescribeSubnetsResponse", "subnetSet",
                           [](pugi::xml_node item, std::vector<Subnet>& subnets) {
                             Subnet subnet{text(item, {"subnetId"}), text(item, {"vpcId"}),
                                           text(item, {"availabilityZone"})};
                             const auto id = subnet.id;
                             return take(std::move(subnet), id, "a subnet", subnets);
                           });
}

Result<Page<SecurityGroup>> parse_page(std::string_view xml, const SecurityGroup*) {
  return read_page<SecurityGroup>(xml, "DescribeSecurityGroupsResponse", "securityGroupInfo",
                                  &read_group);
}

Result<Page<KeyPair>> parse_page(std::string_view xml, const KeyPair*) {
  return read_page<KeyPair>(xml, "DescribeKeyPairsResponse", "keySet",
                            [](pugi::xml_node item, std::vector<KeyPair>& keys) {
                              const auto name = text(item, {"keyName"});
                              return take(KeyPair{name, tags_of(item)}, name, "a key pair", keys);
                            });
}

Result<Page<std::string>> parse_page(std::string_view xml, const std::string*) {
  return read_page<std::string>(xml, "DescribeVpcsResponse", "vpcSet",
                                [](pugi::xml_node item, std::vector<std::string>& ids) {
                                  const auto id = text(item, {"vpcId"});
                                  return take(id, id, "a network", ids);
                                });
}

Result<std::vector<Instance>> parse_launched(std::string_view xml) {
  pugi::xml_document document;
  BDAAS_ASSIGN(const auto node, root(document, xml, "RunInstancesResponse"));
  std::vector<Instance> instances;
  BDAAS_TRY(read_instances(node, instances));
  if (instances.empty()) return wrong("RunInstances without an instance");
  return instances;
}

Result<std::string> parse_group_id(std::string_view xml) {
  pugi::xml_document document;
  BDAAS_ASSIGN(const auto node, root(document, xml, "CreateSecurityGroupResponse"));
  auto id = text(node, {"groupId"});
  if (id.empty()) return wrong("CreateSecurityGroup without an id");
  return id;
}

Refusal parse_refusal(int status, std::string_view body) {
  pugi::xml_document document;
  Refusal refusal{.status = status, .code = {}, .message = {}};
  if (!document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return refusal;
  }
  const auto top = document.document_element();
  const auto list = top.child("Errors");  // EC2's own; the door before it leaves this layer out
  const auto error = list ? list.child("Error") : top.child("Error");
  refusal.code = text(error, {"Code"});
  refusal.message = text(error, {"Message"});
  return refusal;
}

}  // namespace bdaas::ec2
