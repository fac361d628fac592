#include "provider/ssh/ssh_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Hosts in memory, whose agents keep what model/host_messages.h says.
class FakeHosts final : public HostAgents {
 public:
  struct Host {
    HostFacts facts;
    std::optional<Error> trouble;  // instead of any answer
    std::string lease;             // lent
    std::string user;              // of the last login
  };

  explicit FakeHosts(int count) {
    for (int i = 1; i <= count; ++i) {
      const auto address = fmt::format("10.0.0.{}", i);
      hosts[address].facts = {.user = "ann",
                              .os_host = fmt::format("host-{}", i),
                              .arch = "x86_64",
                              .memory_mib = 8'000,
                              .memory_free_mib = 7'000 + i,
                              .cores = 4,
                              .disk_mib = 100'000,
                              .clock = SystemClock().now(),
                              .address = address,
                              .address_error = "",
                              .taken_ports = {},
                              .lease = ""};
    }
  }

  Result<std::string> ask(const SshLogin& login, const std::string&, std::string_view what,
                          const std::string& question, Millis) override {
    const std::lock_guard lock(mutex);
    auto& host = hosts.at(login.host.address);
    host.user = login.host.user;
    if (host.trouble) return *host.trouble;
    const auto value = parse_json(question).value();
    if (what == "host") return look(host, from_json<HostQuestion>(value).value());
    if (what == "borrow") return borrow(host, from_json<BorrowOrder>(value).value());
    const auto order = from_json<GiveBackOrder>(value).value();
    const bool was_there = host.lease == order.lease.text;
    if (was_there) host.lease.clear();
    return write_json(to_json(GivenBack{was_there}));
  }
  std::string binary(const std::string& base) const override { return base + "/bin/agent"; }

  std::map<std::string, Host> hosts;
  std::mutex mutex;

 private:
  static Result<std::string> look(const Host& host, const HostQuestion& question) {
    HostFacts facts = host.facts;
    std::erase_if(facts.taken_ports, [&](std::int64_t port) {
      return std::ranges::find(question.ports, port) == question.ports.end();
    });
    facts.lease = host.lease;
    return write_json(to_json(facts));
  }
  static Result<std::string> borrow(Host& host, const BorrowOrder& order) {
    if (!host.lease.empty() && host.lease != order.lease.text) {
      return fail(ErrorKind::conflict, "it is lent as {} already", host.lease);
    }
    host.lease = order.lease.text;
    return write_json(to_json(Borrowed{HostLayout{order.base}.machine(order.lease)}));
  }
};

class SshProviderTest : public testing::Test {
 protected:
  static std::vector<SshHost> named(int count) {
    std::vector<SshHost> hosts(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      hosts[static_cast<std::size_t>(i)].login.host.address = fmt::format("10.0.0.{}", i + 1);
    }
    return hosts;
  }
  RentRequest request(std::int64_t index) const {
    return {.installation = {"i-1"},
            .token = {fmt::format("l-{}", index)},
            .cluster = {"c-1"},
            .host = "c-1-x",
            .index = index,
            .hosts = named(3)};
  }
  ClusterSpec spec() const {
    ClusterSpec spec;
    spec.hosts = named(3);
    return spec;
  }

  TempDir dir_ = TempDir::make().value();
  FakeHosts hosts_{3};
  SshProvider provider_{{.book = dir_.path() / "loans", .installation = {"i-1"}, .user = "me"},
                        hosts_};
};

TEST_F(SshProviderTest, ANodeGetsTheHostOfItsPlaceInTheList) {
  for (const std::int64_t index : {2, 0, 1}) {
    const auto machine = provider_.rent(request(index)).value();
    EXPECT_EQ(machine.address, fmt::format("10.0.0.{}", index + 1));
    EXPECT_EQ(machine.dir, fmt::format("/var/tmp/bdaas-i-1/machines/l-{}", index));
    EXPECT_EQ(machine.ssh->host.user, "me") << "who runs the manager, when none is named";
  }
  EXPECT_EQ(provider_.rent(request(7)).error().kind, ErrorKind::resource_exhausted);
}

TEST_F(SshProviderTest, AReplacementGetsASpareHost) {
  ASSERT_TRUE(provider_.rent(request(0)).ok());
  EXPECT_EQ(provider_.rent(request(9)).value().address, "10.0.0.2");
}

TEST_F(SshProviderTest, RentingAgainAfterABrokenOffRentTakesTheSameHost) {
  hosts_.hosts.at("10.0.0.2").trouble = Error(fail(ErrorKind::unavailable, "no answer"));
  EXPECT_EQ(provider_.rent(request(1)).error().kind, ErrorKind::unavailable);
  const auto listed = provider_.list().value();
  ASSERT_THAT(listed, SizeIs(1)) << "it may have been borrowed";
  EXPECT_EQ(listed.front().machine.address, "");
  hosts_.hosts.at("10.0.0.2").trouble.reset();
  EXPECT_EQ(provider_.rent(request(1)).value().address, "10.0.0.2");
  EXPECT_EQ(provider_.list().value().front().machine.address, "10.0.0.2");
}

TEST_F(SshProviderTest, AHostThatCannotBeReachedStaysInTheBookUntilItIsGivenBack) {
  ASSERT_TRUE(provider_.rent(request(1)).ok());
  auto& host = hosts_.hosts.at("10.0.0.2");
  host.trouble = Error(fail(ErrorKind::unavailable, "no answer"));
  const auto refused = provider_.release({"l-1"});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("host 10.0.0.2 cannot be given back now"));
  EXPECT_THAT(provider_.list().value(), SizeIs(1));
  host.trouble.reset();
  EXPECT_TRUE(provider_.release({"l-1"}).ok());
  EXPECT_EQ(host.lease, "");
  EXPECT_THAT(provider_.list().value(), IsEmpty());
  EXPECT_TRUE(provider_.release({"l-1"}).ok());
}

TEST_F(SshProviderTest, OffersTheLeastOfTheFreeAndCountsThem) {
  EXPECT_EQ(provider_.offers(spec())->front().memory_mib, 7'001);
  ASSERT_TRUE(provider_.rent(request(0)).ok());
  hosts_.hosts.at("10.0.0.1").facts.memory_free_mib = 10;  // a cluster runs there
  const auto offer = provider_.offers(spec()).value().front();
  EXPECT_EQ(offer.memory_mib, 7'002);
  EXPECT_EQ(offer.available, 2);
  EXPECT_TRUE(offer.per_machine);
}

TEST_F(SshProviderTest, AHostThatFailsDoesNotHinderTheClusterOnTheOthers) {
  ASSERT_TRUE(provider_.rent(request(0)).ok());
  for (const auto* host : {"10.0.0.1", "10.0.0.3"}) {
    hosts_.hosts.at(host).trouble = Error(fail(ErrorKind::unavailable, "no answer"));
  }
  EXPECT_EQ(provider_.offers(spec())->front().available, 1);
}

TEST_F(SshProviderTest, TroublesOfHostsAreToldBeforeAnythingIsBorrowed) {
  hosts_.hosts.at("10.0.0.1").facts.clock -= std::chrono::minutes(5);
  hosts_.hosts.at("10.0.0.2").facts.disk_mib = 10;
  hosts_.hosts.at("10.0.0.3").facts.address_error = "no such address";
  const auto refused = provider_.offers(spec());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::failed_precondition);
  for (const auto* words : {"3 of 3 hosts cannot be used", "10.0.0.1: its clock is 5", "10 MiB",
                            "name another private_address"}) {
    EXPECT_THAT(refused.error().message, HasSubstr(words));
  }
  EXPECT_THAT(provider_.list().value(), IsEmpty());
  EXPECT_EQ(provider_.offers({}).error().kind, ErrorKind::invalid_argument);
}

TEST_F(SshProviderTest, APortThatIsTakenIsToldWithItsHost) {
  EXPECT_TRUE(provider_.check_ports(spec(), {8'020}).ok());
  hosts_.hosts.at("10.0.0.3").facts.taken_ports = {8'020};
  const auto refused = provider_.check_ports(spec(), {8'020, 8'088});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("port 8020 of host 10.0.0.3"));
}

}  // namespace
}  // namespace bdaas
