#include "provider/ec2/requests.h"

#include <fmt/format.h>

#include "base/digest.h"

namespace bdaas::ec2 {

namespace {

Form begin(const std::string& action) { return {{"Action", action}}; }

void add_tags(Form& form, int specification, const std::string& resource,
              const std::vector<Tag>& tags) {
  const auto prefix = fmt::format("TagSpecification.{}.", specification);
  form.emplace_back(prefix + "ResourceType", resource);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    form.emplace_back(fmt::format("{}Tag.{}.Key", prefix, i + 1), tags[i].key);
    form.emplace_back(fmt::format("{}Tag.{}.Value", prefix, i + 1), tags[i].value);
  }
}

void add_if(Form& form, const std::string& name, const std::string& value) {
  if (!value.empty()) form.emplace_back(name, value);
}

void add_volume(Form& form, const Volume& volume) {
  form.emplace_back("BlockDeviceMapping.1.DeviceName", volume.device);
  form.emplace_back("BlockDeviceMapping.1.Ebs.VolumeSize", std::to_string(volume.gib));
  form.emplace_back("BlockDeviceMapping.1.Ebs.VolumeType", volume.type);
  if (volume.encrypted) form.emplace_back("BlockDeviceMapping.1.Ebs.Encrypted", "true");
  form.emplace_back("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true");
}

Form ssh_form(const std::string& action, const std::string& group_id, const std::string& cidr) {
  auto form = begin(action);
  form.emplace_back("GroupId", group_id);
  form.emplace_back("IpPermissions.1.IpProtocol", "tcp");
  form.emplace_back("IpPermissions.1.FromPort", "22");
  form.emplace_back("IpPermissions.1.ToPort", "22");
  const bool v6 = cidr.find(':') != cidr.npos;
  form.emplace_back(
      v6 ? "IpPermissions.1.Ipv6Ranges.1.CidrIpv6" : "IpPermissions.1.IpRanges.1.CidrIp", cidr);
  return form;
}

}  // namespace

void add_list(Form& form, const std::string& list, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    form.emplace_back(fmt::format("{}.{}", list, i + 1), values[i]);
  }
}

Form describe_form(const std::string& action, const std::vector<Filter>& filters) {
  auto form = begin(action);
  for (std::size_t i = 0; i < filters.size(); ++i) {
    form.emplace_back(fmt::format("Filter.{}.Name", i + 1), filters[i].name);
    add_list(form, fmt::format("Filter.{}.Value", i + 1), filters[i].values);
  }
  return form;
}

Form run_instances_form(const Launch& launch) {
  auto form = begin("RunInstances");
  form.emplace_back("MinCount", std::to_string(launch.count));
  form.emplace_back("MaxCount", std::to_string(launch.count));
  add_if(form, "ClientToken", launch.client_token);
  form.emplace_back("ImageId", launch.image_id);
  form.emplace_back("InstanceType", launch.instance_type);
  add_if(form, "SubnetId", launch.subnet_id);
  add_if(form, "Placement.AvailabilityZone", launch.zone);
  add_if(form, "KeyName", launch.key_name);
  add_if(form, "SecurityGroupId.1", launch.group_id);
  add_if(form, "IamInstanceProfile.Name", launch.instance_profile);
  form.emplace_back("InstanceInitiatedShutdownBehavior", "terminate");
  form.emplace_back("MetadataOptions.HttpTokens", "required");
  form.emplace_back("MetadataOptions.HttpEndpoint", "enabled");
  form.emplace_back("MetadataOptions.HttpPutResponseHopLimit", "1");
  if (launch.spot) {
    form.emplace_back("InstanceMarketOptions.MarketType", "spot");
    form.emplace_back("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time");
    form.emplace_back("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior",
                      "terminate");
  }
  add_volume(form, launch.volume);
  add_tags(form, 1, "instance", launch.tags);
  add_tags(form, 2, "volume", launch.tags);
  form.emplace_back("UserData", to_base64(launch.user_data));
  return form;
}

Form dry_run(Form form) {
  form.emplace_back("DryRun", "true");
  return form;
}

Form terminate_form(const std::vector<std::string>& instance_ids) {
  auto form = begin("TerminateInstances");
  add_list(form, "InstanceId", instance_ids);
  return form;
}

Form import_key_form(const std::string& name, const std::string& public_key,
                     const std::vector<Tag>& tags) {
  auto form = begin("ImportKeyPair");
  form.emplace_back("KeyName", name);
  form.emplace_back("PublicKeyMaterial", to_base64(public_key));
  add_tags(form, 1, "key-pair", tags);
  return form;
}

Form create_group_form(const std::string& name, const std::string& vpc_id,
                       const std::vector<Tag>& tags) {
  auto form = begin("CreateSecurityGroup");
  form.emplace_back("GroupName", name);
  form.emplace_back("GroupDescription", "machines of one BDaaS cluster");
  form.emplace_back("VpcId", vpc_id);
  add_tags(form, 1, "security-group", tags);
  return form;
}

Form allow_ssh_form(const std::string& group_id, const std::string& cidr) {
  return ssh_form("AuthorizeSecurityGroupIngress", group_id, cidr);
}

Form revoke_ssh_form(const std::string& group_id, const std::string& cidr) {
  return ssh_form("RevokeSecurityGroupIngress", group_id, cidr);
}

Form allow_inside_form(const std::string& group_id) {
  auto form = begin("AuthorizeSecurityGroupIngress");
  form.emplace_back("GroupId", group_id);
  form.emplace_back("IpPermissions.1.IpProtocol", "-1");
  form.emplace_back("IpPermissions.1.Groups.1.GroupId", group_id);
  return form;
}

}  // namespace bdaas::ec2
