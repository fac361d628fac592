// What the contract of all providers does not say, against somebody else's EC2: moto_check.py
// starts it, and gives endpoint, region, credentials and an image by the environment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "provider/ec2/ec2_provider.h"

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Ec2Peer : public testing::Test {
 protected:
  Ec2Options options(std::string installation = "i-peer") {
    return {.installation = {std::move(installation)},
            .keys = dir_.path() / "keys",
            .allow_from = "203.0.113.7/32",
            .region = {},
            .endpoint = {},
            .instance_types = {"t3.small"},
            .subnets = {},
            .zones = {},
            .image_id = {},
            .volume_type = "gp3",
            .instance_profile = {},
            .address_timeout = Millis{10'000},
            .poll_every = Millis{20},
            .settled_after = Millis{0}};
  }

  RentRequest request(std::string token) {
    return {.installation = {"i-peer"},
            .token = {token},
            .cluster = {"c-peer"},
            .host = "c-peer-" + token,
            .memory_mib = 1'024,
            .cores = 1,
            .expires_at = clock_.now() + std::chrono::minutes(30)};
  }

  // As another program sees the account.
  template <class Item>
  std::vector<Item> all(const std::string& action) {
    HttpClient http;
    AwsCredentialChain chain(sources_, http, clock_);
    ec2::Query query({}, chain, http, clock_);
    return query.all<Item>(ec2::describe_form(action, {{"tag:bdaas:installation", {"i-peer"}}}))
        .value();
  }

  static void rent(Ec2Provider& provider, const RentRequest& wish) {
    const auto machine = provider.rent(wish);
    ASSERT_TRUE(machine.ok()) << machine.error().message;
  }

  Error refusal(const Ec2Options& chosen) {
    Ec2Provider provider(chosen, sources_, clock_);
    const auto offers = provider.offers({});
    EXPECT_FALSE(offers.ok());
    const auto rented = provider.rent(request("l-wrong"));
    EXPECT_FALSE(rented.ok());
    EXPECT_EQ(to_text(rented.error().kind), to_text(offers.error().kind));
    EXPECT_THAT(offers.error().message, Not(HasSubstr("\n")));
    return offers.error();
  }

  TempDir dir_ = TempDir::make().value();
  SystemClock clock_;
  AwsSources sources_ = AwsSources::of_process();
};

TEST_F(Ec2Peer, KeysAndGroupComeOnceAndGo) {
  Ec2Provider provider(options(), sources_, clock_);
  ASSERT_TRUE(provider.preflight());
  rent(provider, request("l-1"));
  Ec2Provider again(options(), sources_, clock_);
  rent(again, request("l-2"));
  EXPECT_THAT(all<ec2::KeyPair>("DescribeKeyPairs"), SizeIs(1));
  const auto groups = all<ec2::SecurityGroup>("DescribeSecurityGroups");
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_THAT(groups[0].ssh_from, testing::ElementsAre("203.0.113.7/32"));
  ASSERT_TRUE(again.release({"l-1"}));
  EXPECT_THAT(all<ec2::KeyPair>("DescribeKeyPairs"), SizeIs(1));
  ASSERT_TRUE(again.release({"l-2"}));
  EXPECT_THAT(all<ec2::KeyPair>("DescribeKeyPairs"), IsEmpty());
  EXPECT_THAT(all<ec2::SecurityGroup>("DescribeSecurityGroups"), IsEmpty());
  EXPECT_FALSE(fs::exists(dir_.path() / "keys" / "c-peer"));
}

TEST_F(Ec2Peer, WhoMayLogInFollows) {
  Ec2Provider provider(options(), sources_, clock_);
  rent(provider, request("l-1"));
  auto moved = options();
  moved.allow_from = "198.51.100.0/24";
  Ec2Provider later(moved, sources_, clock_);
  rent(later, request("l-2"));
  const auto groups = all<ec2::SecurityGroup>("DescribeSecurityGroups");
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_THAT(groups[0].ssh_from, testing::ElementsAre("198.51.100.0/24"));
  ASSERT_TRUE(later.release({"l-1"}));
  ASSERT_TRUE(later.release({"l-2"}));
}

TEST_F(Ec2Peer, WhatASweepFindsItRemoves) {
  Ec2Provider first(options(), sources_, clock_);
  rent(first, request("l-1"));
  HttpClient http;
  AwsCredentialChain chain(sources_, http, clock_);
  ec2::Query query({}, chain, http, clock_);
  const auto machines = all<ec2::Instance>("DescribeInstances");
  for (const auto& machine : machines) {  // each ends by itself; nobody releases it
    ASSERT_TRUE(query.call(ec2::terminate_form({machine.id}), ec2::CallKind::changes).ok());
  }
  Ec2Provider provider(options(), sources_, clock_);
  ASSERT_TRUE(provider.tidy());
  EXPECT_THAT(all<ec2::KeyPair>("DescribeKeyPairs"), IsEmpty());
  EXPECT_THAT(all<ec2::SecurityGroup>("DescribeSecurityGroups"), IsEmpty());
}

TEST_F(Ec2Peer, WrongCredentialsAreNamed) {
  const auto right = sources_.environment;
  sources_.environment["AWS_SECRET_ACCESS_KEY"] = "wrong";
  auto error = refusal(options());
  EXPECT_EQ(error.kind, ErrorKind::unauthenticated) << error.message;
  EXPECT_THAT(error.message, Not(HasSubstr("wrong")));
  sources_.environment = right;
  sources_.environment["AWS_ACCESS_KEY_ID"] = "AKIANOBODYKNOWSTHIS";
  error = refusal(options());
  EXPECT_EQ(error.kind, ErrorKind::unauthenticated) << error.message;
}

TEST_F(Ec2Peer, WrongNamesAreNamed) {
  auto chosen = options();
  chosen.image_id = "ami-00000000000000000";
  EXPECT_EQ(refusal(chosen).kind, ErrorKind::invalid_argument);
  chosen = options();
  chosen.subnets = {"subnet-00000000000000000"};
  EXPECT_EQ(refusal(chosen).kind, ErrorKind::invalid_argument);
  chosen = options();
  chosen.instance_types = {"z9.enormous"};
  EXPECT_EQ(refusal(chosen).kind, ErrorKind::invalid_argument);
  for (const auto& machine : all<ec2::Instance>("DescribeInstances")) {
    EXPECT_FALSE(machine.lives()) << machine.id;
  }
}

}  // namespace
}  // namespace bdaas
