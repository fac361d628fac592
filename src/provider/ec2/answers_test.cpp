#include "provider/ec2/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::ec2 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kInstances = R"(<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>8f7724cf-496f-496e-8fe3-example</requestId>
  <reservationSet>
    <item><reservationId>r-1</reservationId><instancesSet>
      <item>
        <instanceId>i-1</instanceId>
        <instanceState><code>16</code><name>running</name></instanceState>
        <instanceType>m6i.xlarge</instanceType><privateIpAddress>10.0.0.5</privateIpAddress>
        <ipAddress>203.0.113.9</ipAddress>
        <tagSet><item><key>bdaas:lease</key><value>l-1</value></item>
          <item><key>odd &amp; more</key><value/></item></tagSet>
      </item>
      <item>
        <instanceId>i-2</instanceId>
        <instanceState><code>48</code><name>terminated</name></instanceState>
        <stateReason><code>Server.SpotInstanceTermination</code><message>Server.Spot: gone</message>
        </stateReason>
      </item></instancesSet></item>
    <item><reservationId>r-2</reservationId><instancesSet/></item>
  </reservationSet>
  <nextToken>more</nextToken>
</DescribeInstancesResponse>)";

template <class Item>
Result<Page<Item>> parse(std::string_view xml) {
  return parse_page(xml, static_cast<const Item*>(nullptr));
}

TEST(Ec2Answers, Instances) {
  const auto page = parse<Instance>(kInstances).value();
  ASSERT_EQ(page.items.size(), 2u);
  const auto& one = page.items[0];
  EXPECT_EQ(one.id, "i-1");
  EXPECT_EQ(one.state, InstanceState::running);
  EXPECT_TRUE(one.lives());
  EXPECT_EQ(one.type, "m6i.xlarge");
  EXPECT_EQ(one.private_address, "10.0.0.5");
  EXPECT_EQ(one.public_address, "203.0.113.9");
  EXPECT_EQ(one.tag("bdaas:lease"), "l-1");
  EXPECT_THAT(one.tags, ElementsAre(Tag{"bdaas:lease", "l-1"}, Tag{"odd & more", ""}));
  EXPECT_FALSE(page.items[1].lives());
  EXPECT_EQ(page.items[1].state_reason, "Server.Spot: gone");
  EXPECT_EQ(page.items[1].tag("bdaas:lease"), "");
  EXPECT_EQ(page.next_token, "more");
}

TEST(Ec2Answers, AnEmptyListIsThereAndEmpty) {
  const auto page =
      parse<Instance>("<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>")
          .value();
  EXPECT_THAT(page.items, IsEmpty());
  EXPECT_THAT(page.next_token, IsEmpty());
}

TEST(Ec2Answers, WhatIsNoListIsNeverAnEmptyOne) {
  const std::string whole(kInstances);
  const auto without = [&](const std::string& word, const std::string& instead) {
    auto text = whole;
    return text.replace(text.find(word), word.size(), instead);
  };
  const std::string nonsense[] = {
      "",
      "no",
      "<html><body>502</body></html>",
      "<DescribeInstancesResponse/>",
      "<DescribeInstancesResponse><reservationSet>",
      "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>",
      whole.substr(0, whole.size() - 40),
      without("<instanceId>i-1</instanceId>", ""),
      without("<name>running</name>", ""),
      without("<name>running</name>", "<name>dreaming</name>"),
      std::string(100'000, '<'),
      std::string("\0\xff\xfe<a>", 6),
  };
  for (const auto& text : nonsense) {
    const auto page = parse<Instance>(text);
    ASSERT_FALSE(page.ok()) << text.substr(0, 100);
    EXPECT_EQ(page.error().kind, ErrorKind::corrupted);
  }
}

// Every prefix, and every byte turned around: no answer may do more than be refused.
TEST(Ec2Answers, DamagedBytesAreSurvived) {
  std::string text(kInstances);
  for (std::size_t i = 0; i < text.size(); ++i) {
    static_cast<void>(parse<Instance>(text.substr(0, i)));
    text[i] = static_cast<char>(~text[i]);
    static_cast<void>(parse<Instance>(text));
    static_cast<void>(parse_refusal(500, text));
    text[i] = static_cast<char>(~text[i]);
  }
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += "<a>";
  EXPECT_FALSE(parse<Instance>(deep).ok());
}

TEST(Ec2Answers, Types) {
  const auto types = parse<InstanceType>(R"(<DescribeInstanceTypesResponse><instanceTypeSet><item>
      <instanceType>m6g.large</instanceType><vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo>
      <memoryInfo><sizeInMiB>8192</sizeInMiB></memoryInfo>
      <processorInfo><supportedArchitectures><item>arm64</item></supportedArchitectures>
      </processorInfo></item></instanceTypeSet></DescribeInstanceTypesResponse>)")
                         .value()
                         .items;
  ASSERT_EQ(types.size(), 1u);
  EXPECT_EQ(types[0].name, "m6g.large");
  EXPECT_EQ(types[0].memory_mib, 8192);
  EXPECT_EQ(types[0].cores, 2);
  EXPECT_THAT(types[0].architectures, ElementsAre("arm64"));
  EXPECT_FALSE(parse<InstanceType>(R"(<DescribeInstanceTypesResponse><instanceTypeSet><item>
      <instanceType>x</instanceType><memoryInfo><sizeInMiB>8 GiB</sizeInMiB></memoryInfo>
      </item></instanceTypeSet></DescribeInstanceTypesResponse>)")
                   .ok());
}

TEST(Ec2Answers, GroupsTellWhoMayLogIn) {
  const auto groups = parse<SecurityGroup>(R"(<DescribeSecurityGroupsResponse><securityGroupInfo>
      <item><groupId>sg-1</groupId><groupName>g</groupName><vpcId>vpc-1</vpcId><ipPermissions>
      <item><ipProtocol>-1</ipProtocol><groups><item><groupId>sg-1</groupId></item></groups></item>
      <item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><ipRanges>
      <item><cidrIp>203.0.113.7/32</cidrIp></item></ipRanges><ipv6Ranges>
      <item><cidrIpv6>2001:db8::/64</cidrIpv6></item></ipv6Ranges></item></ipPermissions>
      <tagSet><item><key>bdaas:cluster</key><value>c-1</value></item></tagSet></item>
      </securityGroupInfo></DescribeSecurityGroupsResponse>)")
                          .value()
                          .items;
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].id, "sg-1");
  EXPECT_THAT(groups[0].ssh_from, ElementsAre("203.0.113.7/32", "2001:db8::/64"));
  EXPECT_EQ(tag_value(groups[0].tags, "bdaas:cluster"), "c-1");
}

TEST(Ec2Answers, RunInstancesHasAnInstance) {
  const auto launched = parse_launched(R"(<RunInstancesResponse><instancesSet><item>
      <instanceId>i-1</instanceId><instanceState><name>pending</name></instanceState>
      <privateIpAddress>10.0.0.5</privateIpAddress></item></instancesSet></RunInstancesResponse>)")
                            .value();
  ASSERT_EQ(launched.size(), 1u);
  EXPECT_EQ(launched[0].state, InstanceState::pending);
  EXPECT_FALSE(parse_launched("<RunInstancesResponse/>").ok());
  EXPECT_FALSE(parse_group_id("<CreateSecurityGroupResponse/>").ok());
}

TEST(Ec2Answers, RefusalsHaveTwoShapes) {
  const auto own = parse_refusal(400, R"(<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code>
      <Message>The image id '[ami-1]' does not exist</Message></Error></Errors>
      <RequestID>x</RequestID></Response>)");
  EXPECT_EQ(own.code, "InvalidAMIID.NotFound");
  EXPECT_EQ(own.message, "The image id '[ami-1]' does not exist");
  const auto door = parse_refusal(403, R"(<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>
      <Message>m</Message></Error></ErrorResponse>)");
  EXPECT_EQ(door.code, "SignatureDoesNotMatch");
  EXPECT_EQ(parse_refusal(502, "Bad Gateway").code, "");
  EXPECT_EQ(parse_refusal(502, "").status, 502);
}

}  // namespace
}  // namespace bdaas::ec2
