#include "provider/local/local_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <csignal>

#include "base/subprocess.h"
#include "base/tcp_bind.h"
#include "base/temp_dir.h"
#include "model/local_claim.h"

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// Says the given numbers, the last one for ever.
class ScriptedEntropy final : public Entropy {
 public:
  explicit ScriptedEntropy(std::vector<unsigned long long> numbers)
      : numbers_(std::move(numbers)) {}
  unsigned long long next() override { return numbers_[std::min(at_++, numbers_.size() - 1)]; }

 private:
  std::vector<unsigned long long> numbers_;
  std::size_t at_ = 0;
};

class LocalProviderTest : public testing::Test {
 protected:
  fs::path machines() const { return dir_.path() / "machines"; }
  LocalOptions options() const { return {machines(), {"i-1"}}; }
  static RentRequest request(std::string token) {
    return {.installation = {"i-1"},
            .token = {token},
            .cluster = {"c-1"},
            .host = "c-1-worker-1",
            .memory_mib = 1500,
            .cores = 2,
            .expires_at = Time{Millis{1'800'000'000'000}}};
  }
  // An ended process that nobody has waited for yet is a zombie, and does not run.
  static bool runs(const std::string& pid) {
    const auto stat = read_file("/proc/" + std::to_string(std::stoi(pid)) + "/stat");
    return stat.ok() && stat->find(") Z ") == std::string::npos;
  }
  static void make_older(const fs::path& path, int seconds) {
    const utimbuf times{::time(nullptr) - seconds, ::time(nullptr) - seconds};
    ASSERT_EQ(::utime(path.c_str(), &times), 0);
  }

  TempDir dir_ = TempDir::make().value();
  SystemEntropy entropy_;
  FakeClock clock_;
  LocalProvider provider_{options(), entropy_, clock_};
};

TEST_F(LocalProviderTest, AMachineIsADirectoryOfItsOwner) {
  const auto machine = provider_.rent(request("l-1")).value();
  EXPECT_EQ(machine.machine_id, "l-1");
  EXPECT_EQ(machine.dir, (machines() / "l-1").native());
  EXPECT_EQ(machine.memory_mib, 1500);
  EXPECT_EQ(machine.cores, 2);
  struct stat status {};
  ASSERT_EQ(::stat(machine.dir.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  const auto lease =
      from_json<LocalLease>(parse_json(read_file(machines() / "l-1/lease.json").value()).value())
          .value();
  EXPECT_EQ(lease.installation, InstallationId{"i-1"});
  EXPECT_EQ(lease.host, "c-1-worker-1");
  EXPECT_EQ(lease.expires_at, request("l-1").expires_at);
  EXPECT_EQ(lease.created_at, clock_.now());
}

TEST_F(LocalProviderTest, ReleaseEndsItsProcessesAndRemovesItsDirectory) {
  const RentRequest wish = request("l-" + dir_.path().filename().native());
  const auto machine = provider_.rent(wish).value();
  const auto script = "sleep 1000 >/dev/null 2>&1 & echo $!";
  const auto daemon = run_checked(
      {.argv = {"sh", "-c", script}, .env = {{std::string(kLeaseVariable), wish.token.text}}});
  const auto program = run_checked({.argv = {"sh", "-c", script}, .working_dir = machine.dir});
  const auto other = run_checked({.argv = {"sh", "-c", script}});
  ASSERT_TRUE(daemon.ok() && program.ok() && other.ok());
  ASSERT_TRUE(provider_.release(wish.token).ok());
  EXPECT_FALSE(runs(daemon->out));
  EXPECT_FALSE(runs(program->out));
  EXPECT_TRUE(runs(other->out));
  EXPECT_FALSE(fs::exists(machine.dir));
  EXPECT_TRUE(provider_.list().value().empty());
  ::kill(std::stoi(other->out), SIGKILL);
}

TEST_F(LocalProviderTest, AddressesAreLoopbackAndWithinTheirRange) {
  for (const unsigned long long random : {0ull, ~0ull, 0x00FF'00FF'00EAull, 234ull}) {
    ScriptedEntropy entropy({random});
    LocalProvider provider(options(), entropy, clock_);
    const auto machine = provider.rent(request("l-local-test-" + std::to_string(random))).value();
    int parts[4] = {};
    ASSERT_EQ(
        std::sscanf(machine.address.c_str(), "%d.%d.%d.%d", parts, parts + 1, parts + 2, parts + 3),
        4);
    EXPECT_EQ(parts[0], 127);
    EXPECT_TRUE(parts[1] >= 16 && parts[1] <= 250) << machine.address;
    EXPECT_TRUE(parts[3] >= 1 && parts[3] <= 254) << machine.address;
    ASSERT_TRUE(provider.release({"l-local-test-" + std::to_string(random)}).ok());
  }
}

TEST_F(LocalProviderTest, AnAddressThatIsRentedOrClaimedIsNotGivenAgain) {
  ScriptedEntropy entropy({7, 7, 7, 8, 9});
  LocalProvider provider(options(), entropy, clock_);
  const auto first = provider.rent(request("l-1")).value();
  EXPECT_EQ(first.address, "127.23.0.1");
  // Somebody else's agent, of another user perhaps, claims the next one.
  const auto claim = bind_tcp("127.24.0.1", kLocalClaimPort);
  ASSERT_TRUE(claim.ok()) << claim.error().message;
  EXPECT_EQ(provider.rent(request("l-2")).value().address, "127.25.0.1");
}

TEST_F(LocalProviderTest, NoFreeAddressIsSaidWithItsReason) {
  ScriptedEntropy entropy({11});
  LocalProvider provider(options(), entropy, clock_);
  const auto claim = bind_tcp("127.27.0.1", kLocalClaimPort).value();
  const auto refused = provider.rent(request("l-1"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("17917"));
  EXPECT_TRUE(provider.list().value().empty());
}

// The port that it got.
std::int64_t listen_on(const UniqueFd& fd) {
  sockaddr_in name{};
  socklen_t length = sizeof name;
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &length), 0);
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  return ntohs(name.sin_port);
}

TEST_F(LocalProviderTest, APortThatIsHeldAtEveryAddressIsRefusedWithItsHolder) {
  SystemEntropy entropy;
  LocalProvider provider(options(), entropy, clock_);
  const auto fd = bind_tcp("0.0.0.0", 0).value();
  const std::int64_t port = listen_on(fd);
  const auto refused = provider.check_ports({}, {port});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("port {} ", port)));
  EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("process {} (", ::getpid())));
}

TEST_F(LocalProviderTest, APortThatIsHeldAtOneAddressIsFree) {
  SystemEntropy entropy;
  LocalProvider provider(options(), entropy, clock_);
  const auto fd = bind_tcp("127.0.0.1", 0).value();
  const auto free = provider.check_ports({}, {listen_on(fd)});
  EXPECT_TRUE(free.ok()) << free.error().message;
}

TEST_F(LocalProviderTest, TokensCannotLeaveTheDirectory) {
  ASSERT_TRUE(write_file(dir_.path() / "kept", "").ok());
  const std::string tokens[] = {
      "", "..", ".", "../kept", "a/b", "/etc", ".x", "a/", std::string("a\0b", 3)};
  for (const auto& token : tokens) {
    EXPECT_EQ(provider_.release({token}).error().kind, ErrorKind::invalid_argument) << token;
    EXPECT_EQ(provider_.rent(request(token)).error().kind, ErrorKind::invalid_argument) << token;
  }
  EXPECT_TRUE(fs::exists(dir_.path() / "kept"));
}

TEST_F(LocalProviderTest, ATokenOfAnotherInstallationIsAConflict) {
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  auto foreign = request("l-1");
  foreign.installation = {"i-2"};
  EXPECT_EQ(provider_.rent(foreign).error().kind, ErrorKind::conflict);
}

TEST_F(LocalProviderTest, HalfWrittenDirectoriesAreListedOnceTheyAreOld) {
  for (const auto* name : {"l-empty", "l-broken", "l-moved"}) {
    ASSERT_TRUE(make_directory(machines() / name, 0700).ok());
  }
  ASSERT_TRUE(provider_.rent(request("l-1")).ok());
  ASSERT_TRUE(write_file(machines() / "l-broken/lease.json", "{").ok());
  fs::copy_file(machines() / "l-1/lease.json", machines() / "l-moved/lease.json");
  ASSERT_TRUE(write_file(machines() / "not-a-directory", "").ok());
  EXPECT_EQ(provider_.list().value().size(), 1u);
  for (const auto* name : {"l-empty", "l-broken", "l-moved"}) make_older(machines() / name, 61);
  const auto listed = provider_.list().value();
  EXPECT_EQ(listed.size(), 4u);
  for (const auto& machine : listed) {
    EXPECT_EQ(machine.installation, InstallationId{"i-1"});
    EXPECT_EQ(machine.token.text, fs::path(machine.machine.dir).filename().native());
  }
}

TEST_F(LocalProviderTest, AHalfWrittenDirectoryIsFinishedByTheSameToken) {
  ASSERT_TRUE(make_directory(machines() / "l-1", 0700).ok());
  EXPECT_THAT(provider_.rent(request("l-1")).value().address, MatchesRegex("127\\..*"));
  EXPECT_EQ(provider_.list().value().size(), 1u);
}

TEST_F(LocalProviderTest, AnUnreadablePlaceIsAnErrorNotAnEmptyList) {
  ASSERT_TRUE(write_file(machines(), "a file where the directory should be").ok());
  EXPECT_FALSE(provider_.list().ok());
  EXPECT_FALSE(provider_.rent(request("l-1")).ok());
}

TEST_F(LocalProviderTest, OffersWhatTheComputerHas) {
  const auto offers = provider_.offers({}).value();
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_GT(offers[0].memory_mib, 0);
  EXPECT_GE(offers[0].cores, 1);
  EXPECT_GT(offers[0].disk_mib, 0);
  EXPECT_GT(provider_.free_disk_bytes().value(), 0u);
}

}  // namespace
}  // namespace bdaas
