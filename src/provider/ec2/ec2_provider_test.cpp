#include "provider/ec2/ec2_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "provider/ec2/test_ec2.h"

namespace bdaas {
namespace {

using ec2::TestEc2;
using Fault = TestEc2::Fault;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Ec2ProviderTest : public testing::Test {
 protected:
  Ec2Options options(std::string installation) {
    return {.installation = {std::move(installation)},
            .keys = dir_.path() / "keys",
            .allow_from = "203.0.113.7/32",
            .region = "eu-west-3",
            .endpoint = ec2_.url(),
            .instance_types = {"m.first", "m.second"},
            .subnets = {},
            .zones = {},
            .image_id = {},
            .volume_type = "gp3",
            .instance_profile = {},
            .address_timeout = Millis{2'000},
            .poll_every = Millis{1},
            .settled_after = Millis{0}};
  }

  std::unique_ptr<Ec2Provider> provider(std::string installation = "i-1") {
    return std::make_unique<Ec2Provider>(options(std::move(installation)), sources_, clock_);
  }

  RentRequest request(std::string token, std::string installation = "i-1") {
    return {.installation = {std::move(installation)},
            .token = {token},
            .cluster = {"c-1"},
            .host = "c-1-" + token,
            .memory_mib = 4'000,
            .cores = 2,
            .expires_at = clock_.now() + std::chrono::minutes(30)};
  }

  TestEc2 ec2_;
  TempDir dir_ = TempDir::make().value();
  SystemClock clock_;
  AwsSources sources_{{{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}}};
};

TEST_F(Ec2ProviderTest, ARentedMachineCanBeReachedAndLeavesNothing) {
  const auto ec2 = provider();
  const auto machine = ec2->rent(request("l-1")).value();
  EXPECT_EQ(machine.machine_id, "i-1");
  EXPECT_EQ(machine.address, "10.0.0.1");
  EXPECT_EQ(machine.dir, "/opt/bdaas/l-1");
  EXPECT_EQ(machine.os_host, "c-1-l-1");
  EXPECT_EQ(machine.memory_mib, 4'096);
  EXPECT_EQ(machine.cores, 2);
  ASSERT_TRUE(machine.ssh);
  EXPECT_EQ(machine.ssh->host.address, "203.0.113.1");
  EXPECT_EQ(machine.ssh->host.user, "hadoop");
  const fs::path keys = dir_.path() / "keys" / "c-1";
  EXPECT_EQ(machine.ssh->key_file, (keys / "login").native());
  EXPECT_EQ(read_file(keys / "host.pub").value(), machine.ssh->host.host_key + " c-1\n");
  EXPECT_EQ(fs::status(keys / "login").permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(keys).permissions(), fs::perms(0700));
  EXPECT_THAT(ec2_.groups(), SizeIs(1));
  EXPECT_THAT(ec2_.keys(), ElementsAre("bdaas-i-1-c-1"));
  ASSERT_TRUE(ec2->release({"l-1"}));
  EXPECT_THAT(ec2_.groups(), IsEmpty());
  EXPECT_THAT(ec2_.keys(), IsEmpty());
  EXPECT_FALSE(fs::exists(keys));
  EXPECT_TRUE(ec2->list().value().front().terminated);
}

TEST_F(Ec2ProviderTest, MachinesOfAClusterShareItsKeysAndItsGroup) {
  const auto ec2 = provider();
  const auto one = ec2->rent(request("l-1")).value();
  const auto other = provider()->rent(request("l-2")).value();  // of a manager that began anew
  EXPECT_EQ(one.ssh->host.host_key, other.ssh->host.host_key);
  EXPECT_EQ(ec2_.count("ImportKeyPair"), 1);
  EXPECT_EQ(ec2_.count("CreateSecurityGroup"), 1);
  ASSERT_TRUE(ec2->release({"l-1"}));
  EXPECT_THAT(ec2_.groups(), SizeIs(1));
  ASSERT_TRUE(ec2->release({"l-2"}));
  EXPECT_THAT(ec2_.groups(), IsEmpty());
}

TEST_F(Ec2ProviderTest, LostFilesMakeANewKeyPair) {
  ASSERT_TRUE(provider()->rent(request("l-1")).ok());
  ASSERT_TRUE(remove_tree(dir_.path() / "keys"));
  ASSERT_TRUE(provider()->rent(request("l-2")).ok());
  EXPECT_EQ(ec2_.count("ImportKeyPair"), 2);
  EXPECT_THAT(ec2_.keys(), SizeIs(1));
}

TEST_F(Ec2ProviderTest, ALostAnswerIsResolvedByTheTags) {
  ec2_.plan({.fault = Fault::lose_answer, .code = {}, .hidden = 2});
  EXPECT_EQ(provider()->rent(request("l-1")).value().machine_id, "i-1");
  EXPECT_THAT(ec2_.machines(), SizeIs(1));
}

TEST_F(Ec2ProviderTest, ALostRequestIsUnknown) {
  ec2_.plan({.fault = Fault::lose_request, .code = {}});
  auto chosen = options("i-1");
  chosen.address_timeout = Millis{20};
  Ec2Provider ec2(chosen, sources_, clock_);
  EXPECT_EQ(ec2.rent(request("l-1")).error().kind, ErrorKind::unknown_outcome);
  EXPECT_TRUE(ec2.rent(request("l-1")).ok());
  EXPECT_THAT(ec2_.machines(), SizeIs(1));
}

TEST_F(Ec2ProviderTest, AMachineThatIsNotListedYetIsNotRentedTwice) {
  ec2_.plan({.hidden = 3});
  const auto once = provider()->rent(request("l-1")).value();
  const auto twice = provider()->rent(request("l-1")).value();  // of a manager that began anew
  EXPECT_EQ(once.machine_id, twice.machine_id);
  EXPECT_EQ(ec2_.count("RunInstances"), 2);
  EXPECT_THAT(ec2_.machines(), SizeIs(1));
}

TEST_F(Ec2ProviderTest, AMachineThatIsNotListedYetIsReleased) {
  ec2_.plan({.hidden = 1'000});
  const auto ec2 = provider();
  ASSERT_TRUE(ec2->rent(request("l-1")).ok());
  ASSERT_TRUE(ec2->release({"l-1"}));
  EXPECT_EQ(ec2_.machines().front().state, "terminated");
}

TEST_F(Ec2ProviderTest, ATokenWithOtherParametersMeansThatItWasTaken) {
  const auto ec2 = provider();
  ASSERT_TRUE(ec2->rent(request("l-1")).ok());
  ec2_.plan({.fault = Fault::refuse, .code = "IdempotentParameterMismatch"});
  auto chosen = options("i-1");
  chosen.address_timeout = Millis{20};
  Ec2Provider impatient(chosen, sources_, clock_);
  EXPECT_EQ(impatient.rent(request("l-2")).error().kind, ErrorKind::conflict);
}

TEST_F(Ec2ProviderTest, WithoutCapacityTheNextTypeIsTried) {
  ec2_.plan({.fault = Fault::refuse, .code = "InsufficientInstanceCapacity"});
  ASSERT_TRUE(provider()->rent(request("l-1")).ok());
  EXPECT_EQ(ec2_.machines().front().type, "m.second");
  for (int i = 0; i < 2; ++i) ec2_.plan({.fault = Fault::refuse, .code = "VcpuLimitExceeded"});
  const auto refused = provider()->rent(request("l-2"));
  EXPECT_EQ(refused.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("quota"));
}

TEST_F(Ec2ProviderTest, OtherRefusalsAreFinal) {
  const std::pair<std::string, ErrorKind> rows[] = {
      {"RequestLimitExceeded", ErrorKind::throttled},
      {"UnauthorizedOperation", ErrorKind::permission_denied},
      {"InvalidGroup.NotFound", ErrorKind::unavailable},  // just made: not known everywhere yet
      {"InvalidParameterValue", ErrorKind::invalid_argument}};
  for (const auto& [code, kind] : rows) {
    ec2_.plan({.fault = Fault::refuse, .code = code});
    EXPECT_EQ(provider()->rent(request("l-1")).error().kind, kind) << code;
  }
  EXPECT_THAT(ec2_.machines(), IsEmpty());
}

TEST_F(Ec2ProviderTest, TooLargeAWishNamesIt) {
  auto large = request("l-1");
  large.memory_mib = 5'000;
  const auto refused = provider()->rent(large);
  EXPECT_EQ(refused.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("5000 MiB"));
}

TEST_F(Ec2ProviderTest, WaitsForTheAddress) {
  ec2_.plan({.without_public = 3});
  EXPECT_EQ(provider()->rent(request("l-1")).value().ssh->host.address, "203.0.113.1");
  ec2_.plan({.without_public = 1'000'000});
  auto chosen = options("i-1");
  chosen.address_timeout = Millis{20};
  EXPECT_EQ(Ec2Provider(chosen, sources_, clock_).rent(request("l-2")).error().kind,
            ErrorKind::unavailable);
  chosen.private_addresses = true;
  EXPECT_EQ(Ec2Provider(chosen, sources_, clock_).rent(request("l-2")).value().ssh->host.address,
            "10.0.0.2");
}

TEST_F(Ec2ProviderTest, AGroupThatIsStillUsedGoesLater) {
  const auto ec2 = provider();
  ec2_.slow_end();
  ASSERT_TRUE(ec2->rent(request("l-1")).ok());
  ASSERT_TRUE(ec2->release({"l-1"}));
  EXPECT_THAT(ec2_.groups(), SizeIs(1));
  EXPECT_EQ(ec2->tidy().error().kind, ErrorKind::failed_precondition);
  EXPECT_TRUE(fs::exists(dir_.path() / "keys" / "c-1"));
  ec2_.end_all();
  ASSERT_TRUE(provider()->list().ok());  // the first one of a manager tidies
  EXPECT_THAT(ec2_.groups(), IsEmpty());
  EXPECT_FALSE(fs::exists(dir_.path() / "keys" / "c-1"));
}

TEST_F(Ec2ProviderTest, AnotherInstallationIsNeverTouched) {
  const auto ours = provider("i-1");
  ASSERT_TRUE(ours->rent(request("l-1", "i-1")).ok());
  auto elsewhere = options("i-2");
  elsewhere.keys = dir_.path() / "other";
  Ec2Provider theirs(elsewhere, sources_, clock_);
  ASSERT_TRUE(theirs.release({"l-1"}));
  ASSERT_TRUE(theirs.tidy());
  EXPECT_EQ(ec2_.machines().front().state, "running");
  EXPECT_THAT(ec2_.groups(), SizeIs(1));
  const auto listed = theirs.list().value();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].installation, InstallationId{"i-1"});
  EXPECT_EQ(listed[0].machine.ssh->key_file, "");
  EXPECT_EQ(theirs.rent(request("l-2", "i-1")).error().kind, ErrorKind::invalid_argument);
}

TEST_F(Ec2ProviderTest, PagesArePutTogether) {
  const auto ec2 = provider();
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(ec2->rent(request(fmt::format("l-{}", i))).ok());
  }
  ec2_.set_page(2);
  std::vector<std::string> tokens;
  const auto machines = ec2->list().value();
  for (const auto& listed : machines) tokens.push_back(listed.token.text);
  EXPECT_THAT(tokens, ElementsAre("l-1", "l-2", "l-3", "l-4", "l-5"));
}

TEST_F(Ec2ProviderTest, WhatIsWrongIsSaidBeforeAnythingIsRented) {
  EXPECT_THAT(provider()->offers({}).value(), SizeIs(2));
  ec2_.refuse_dry_runs("UnauthorizedOperation");
  EXPECT_EQ(provider()->offers({}).error().kind, ErrorKind::permission_denied);
  EXPECT_EQ(ec2_.count("RunInstances"), 0);
  for (const std::string block : {"", "203.0.113.7", "203.0.113.7/33", "203.0.113/8", "::1/129",
                                  "0.0.0.0/0 ", "/8", "203.0.113.7/"}) {
    auto chosen = options("i-1");
    chosen.allow_from = block;
    Ec2Provider ec2(chosen, sources_, clock_);
    EXPECT_EQ(ec2.rent(request("l-1")).error().kind, ErrorKind::invalid_argument) << block;
    EXPECT_EQ(ec2.offers({}).error().kind, ErrorKind::invalid_argument) << block;
  }
}

}  // namespace
}  // namespace bdaas
