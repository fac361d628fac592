// What every provider keeps, whatever it rents. A new provider adds a World and a line to its list.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/temp_dir.h"
#include "provider/ec2/ec2_provider.h"
#include "provider/fake/fake_provider.h"
#include "provider/local/local_provider.h"

namespace bdaas {
namespace {

using testing::IsEmpty;

const InstallationId kFirst{"i-first"};
const InstallationId kSecond{"i-second"};

// Two managers with one account.
class World {
 public:
  virtual ~World() = default;
  virtual Provider& first() = 0;
  virtual Provider& second() = 0;
  // Machines come in sizes of their own, at least as large as asked for.
  virtual bool gives_sizes() const { return false; }
};

class LocalWorld final : public World {
 public:
  Provider& first() override { return first_; }
  Provider& second() override { return second_; }

 private:
  TempDir dir_ = TempDir::make().value();
  SystemEntropy entropy_;
  SystemClock clock_;
  LocalProvider first_{{dir_.path() / "machines", kFirst}, entropy_, clock_};
  LocalProvider second_{{dir_.path() / "machines", kSecond}, entropy_, clock_};
};

class FakeWorld final : public World {
 public:
  ~FakeWorld() override { EXPECT_THAT(cloud_.violations(), IsEmpty()); }
  Provider& first() override { return first_; }
  Provider& second() override { return second_; }

 private:
  NoFaults plan_;
  SystemClock clock_;
  FakeCloud cloud_{{}, clock_, plan_};
  FakeProvider first_{cloud_, kFirst};
  FakeProvider second_{cloud_, kSecond};
};

// An account that somebody lends: endpoint, region and credentials come by the environment. It is
// left without machines.
class Ec2World final : public World {
 public:
  ~Ec2World() override {
    end_all(first_, kFirst);
    end_all(second_, kSecond);
  }
  Provider& first() override { return first_; }
  Provider& second() override { return second_; }
  bool gives_sizes() const override { return true; }

 private:
  Ec2Options options(const InstallationId& installation) const {
    return {.installation = installation,
            .keys = dir_.path() / installation.text,
            .allow_from = "203.0.113.7/32",
            .region = {},
            .endpoint = {},
            .instance_types = {"t3.small"},
            .subnets = {},
            .zones = {},
            .image_id = {},
            .volume_type = "gp3",
            .instance_profile = {}};
  }

  static void end_all(Provider& provider, const InstallationId& installation) {
    const auto machines = provider.list().value();
    for (const auto& machine : machines) {
      if (machine.installation != installation || machine.terminated) continue;
      EXPECT_TRUE(provider.release(machine.token).ok());
    }
  }

  TempDir dir_ = TempDir::make().value();
  SystemClock clock_;
  Ec2Provider first_{options(kFirst), AwsSources::of_process(), clock_};
  Ec2Provider second_{options(kSecond), AwsSources::of_process(), clock_};
};

struct WorldRow {
  std::string name;
  std::unique_ptr<World> (*make)();
};

class ProviderContract : public testing::TestWithParam<WorldRow> {
 protected:
  Provider& first() { return world_->first(); }
  Provider& second() { return world_->second(); }

  static RentRequest request(std::string token, InstallationId installation = kFirst) {
    return {.installation = std::move(installation),
            .token = {"l-contract-" + token},
            .cluster = {"c-1"},
            .host = "c-1-worker-" + token,
            .memory_mib = 512,
            .cores = 1,
            .expires_at = SystemClock().now() + std::chrono::minutes(30)};
  }

  static std::optional<ListedMachine> find(Provider& provider, const LeaseId& token) {
    const auto machines = provider.list();
    EXPECT_TRUE(machines.ok());
    for (const auto& machine : *machines) {
      if (machine.token == token && !machine.terminated) return machine;
    }
    return std::nullopt;
  }

  static std::size_t living(Provider& provider) {
    const auto machines = provider.list().value();
    return static_cast<std::size_t>(std::count_if(
        machines.begin(), machines.end(), [](const auto& machine) { return !machine.terminated; }));
  }

  std::unique_ptr<World> world_ = GetParam().make();
};

TEST_P(ProviderContract, BeginsWithAnEmptyListAndAnOffer) {
  EXPECT_EQ(living(first()), 0u);
  const auto offers = first().offers({}).value();
  ASSERT_FALSE(offers.empty());
  EXPECT_GT(offers.front().memory_mib, 0);
  EXPECT_GT(offers.front().cores, 0);
  EXPECT_FALSE(first().name().empty());
}

TEST_P(ProviderContract, RentingTwiceWithOneTokenGivesOneMachine) {
  const auto once = first().rent(request("1")).value();
  const auto twice = first().rent(request("1")).value();
  EXPECT_EQ(write_json(to_json(once)), write_json(to_json(twice)));
  EXPECT_EQ(living(first()), 1u);
}

TEST_P(ProviderContract, RentingTwiceAtOnceGivesOneMachine) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> addresses;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto machine = first().rent(request("1"));
      const std::lock_guard lock(mutex);
      addresses.insert(machine.ok() ? machine->address : machine.error().message);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(addresses.size(), 1u);
  EXPECT_EQ(living(first()), 1u);
}

TEST_P(ProviderContract, TheMachineIsAsAskedFor) {
  const auto machine = first().rent(request("1")).value();
  EXPECT_FALSE(machine.machine_id.empty());
  EXPECT_FALSE(machine.address.empty());
  EXPECT_TRUE(fs::path(machine.dir).is_absolute());
  if (world_->gives_sizes()) {
    EXPECT_GE(machine.memory_mib, 512);
    EXPECT_GE(machine.cores, 1);
    return;
  }
  EXPECT_EQ(machine.memory_mib, 512);
  EXPECT_EQ(machine.cores, 1);
}

TEST_P(ProviderContract, TheListShowsTags) {
  const auto machine = first().rent(request("1")).value();
  const auto listed = find(first(), request("1").token);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->installation, kFirst);
  EXPECT_EQ(listed->cluster, ClusterId{"c-1"});
  EXPECT_EQ(write_json(to_json(listed->machine)), write_json(to_json(machine)));
}

TEST_P(ProviderContract, ReleaseIsIdempotentAndEndsTheMachine) {
  ASSERT_TRUE(first().rent(request("1")).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(first().release(request("1").token).ok());
    EXPECT_FALSE(find(first(), request("1").token));
  }
}

TEST_P(ProviderContract, ReleasingAnUnknownTokenIsFine) {
  EXPECT_TRUE(first().release({"l-contract-never-rented"}).ok());
}

TEST_P(ProviderContract, InstallationsSeeOneAnotherAndReleaseOnlyTheToken) {
  ASSERT_TRUE(first().rent(request("1")).ok());
  ASSERT_TRUE(second().rent(request("2", kSecond)).ok());
  ASSERT_TRUE(find(second(), request("1").token));
  EXPECT_EQ(find(second(), request("1").token)->installation, kFirst);
  EXPECT_EQ(find(first(), request("2").token)->installation, kSecond);
  ASSERT_TRUE(second().release(request("2").token).ok());
  EXPECT_TRUE(find(first(), request("1").token));
  EXPECT_FALSE(find(first(), request("2").token));
}

TEST_P(ProviderContract, RentsAtOnceHaveAddressesAndDirectoriesOfTheirOwn) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> addresses;
  std::set<std::string> directories;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto machine = first().rent(request(std::to_string(t * kEach + i)));
        const std::lock_guard lock(mutex);
        ASSERT_TRUE(machine.ok()) << machine.error().message;
        addresses.insert(machine->address);
        directories.insert(machine->dir);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(addresses.size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(directories.size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(living(first()), std::size_t{kThreads * kEach});
}

template <class Kind>
std::unique_ptr<World> make_world() {
  return std::make_unique<Kind>();
}

// ec2 only where an endpoint for tests is named: tests/ec2/moto_check.py.
std::vector<WorldRow> worlds() {
  std::vector<WorldRow> rows{{"local", &make_world<LocalWorld>}, {"fake", &make_world<FakeWorld>}};
  if (!AwsSources::of_process().get("AWS_ENDPOINT_URL_EC2").empty()) {
    rows.push_back({"ec2", &make_world<Ec2World>});
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Every, ProviderContract, testing::ValuesIn(worlds()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace bdaas
