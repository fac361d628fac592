#include "provider/ec2/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::ec2 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

TEST(Ec2Requests, RunInstancesIsWrittenWhole) {
  const Launch launch{.client_token = "t0",
                      .image_id = "ami-1",
                      .instance_type = "m6i.xlarge",
                      .subnet_id = "subnet-1",
                      .zone = "",
                      .key_name = "k",
                      .group_id = "sg-1",
                      .instance_profile = "jobs",
                      .user_data = "#!/bin/sh\n",
                      .volume = {.device = "/dev/xvda", .gib = 50},
                      .tags = {{"Name", "w-1"}, {"bdaas:lease", "l-1"}}};
  EXPECT_THAT(
      run_instances_form(launch),
      ElementsAre(
          Pair("Action", "RunInstances"), Pair("MinCount", "1"), Pair("MaxCount", "1"),
          Pair("ClientToken", "t0"), Pair("ImageId", "ami-1"), Pair("InstanceType", "m6i.xlarge"),
          Pair("SubnetId", "subnet-1"), Pair("KeyName", "k"), Pair("SecurityGroupId.1", "sg-1"),
          Pair("IamInstanceProfile.Name", "jobs"),
          Pair("InstanceInitiatedShutdownBehavior", "terminate"),
          Pair("MetadataOptions.HttpTokens", "required"),
          Pair("MetadataOptions.HttpEndpoint", "enabled"),
          Pair("MetadataOptions.HttpPutResponseHopLimit", "1"),
          Pair("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
          Pair("BlockDeviceMapping.1.Ebs.VolumeSize", "50"),
          Pair("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
          Pair("BlockDeviceMapping.1.Ebs.Encrypted", "true"),
          Pair("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"),
          Pair("TagSpecification.1.ResourceType", "instance"),
          Pair("TagSpecification.1.Tag.1.Key", "Name"),
          Pair("TagSpecification.1.Tag.1.Value", "w-1"),
          Pair("TagSpecification.1.Tag.2.Key", "bdaas:lease"),
          Pair("TagSpecification.1.Tag.2.Value", "l-1"),
          Pair("TagSpecification.2.ResourceType", "volume"),
          Pair("TagSpecification.2.Tag.1.Key", "Name"),
          Pair("TagSpecification.2.Tag.1.Value", "w-1"),
          Pair("TagSpecification.2.Tag.2.Key", "bdaas:lease"),
          Pair("TagSpecification.2.Tag.2.Value", "l-1"), Pair("UserData", "IyEvYmluL3NoCg==")));
}

TEST(Ec2Requests, ManySpotMachinesInAZone) {
  const auto form = run_instances_form({.count = 7, .zone = "eu-west-3a", .spot = true});
  EXPECT_THAT(form, Contains(Pair("MinCount", "7")));
  EXPECT_THAT(form, Contains(Pair("MaxCount", "7")));
  EXPECT_THAT(form, Contains(Pair("Placement.AvailabilityZone", "eu-west-3a")));
  EXPECT_THAT(form, Contains(Pair("InstanceMarketOptions.MarketType", "spot")));
  EXPECT_THAT(form,
              Contains(Pair("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")));
  EXPECT_THAT(form, testing::Not(Contains(Pair("SubnetId", testing::_))));
  EXPECT_THAT(form, testing::Not(Contains(Pair("ClientToken", testing::_))));
  EXPECT_THAT(dry_run(form), Contains(Pair("DryRun", "true")));
}

TEST(Ec2Requests, FiltersAndListsAreNumbered) {
  EXPECT_THAT(describe_form("DescribeInstances", {{"tag:a", {"1", "2"}}, {"tag-key", {"b"}}}),
              ElementsAre(Pair("Action", "DescribeInstances"), Pair("Filter.1.Name", "tag:a"),
                          Pair("Filter.1.Value.1", "1"), Pair("Filter.1.Value.2", "2"),
                          Pair("Filter.2.Name", "tag-key"), Pair("Filter.2.Value.1", "b")));
  EXPECT_THAT(terminate_form({"i-1", "i-2"}),
              ElementsAre(Pair("Action", "TerminateInstances"), Pair("InstanceId.1", "i-1"),
                          Pair("InstanceId.2", "i-2")));
}

TEST(Ec2Requests, RulesOfAGroup) {
  EXPECT_THAT(allow_inside_form("sg-1"),
              ElementsAre(Pair("Action", "AuthorizeSecurityGroupIngress"), Pair("GroupId", "sg-1"),
                          Pair("IpPermissions.1.IpProtocol", "-1"),
                          Pair("IpPermissions.1.Groups.1.GroupId", "sg-1")));
  EXPECT_THAT(allow_ssh_form("sg-1", "203.0.113.7/32"),
              Contains(Pair("IpPermissions.1.IpRanges.1.CidrIp", "203.0.113.7/32")));
  EXPECT_THAT(revoke_ssh_form("sg-1", "2001:db8::/64"),
              Contains(Pair("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "2001:db8::/64")));
}

}  // namespace
}  // namespace bdaas::ec2
