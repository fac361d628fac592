#include "agent/host_mode.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/test_dir.h"
#include "base/subprocess.h"
#include "base/tcp_bind.h"
#include "model/local_claim.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HostModeTest : public testing::Test {
 protected:
  BorrowOrder order(std::string lease, std::string installation = "i-1") const {
    return {.base = base(),
            .installation = {std::move(installation)},
            .lease = {std::move(lease)},
            .cluster = {"c-1"},
            .expires_at = SystemClock().now() + std::chrono::minutes(30)};
  }
  std::string base() const { return dir_.path("base"); }
  std::string machine(std::string lease) const {
    return HostLayout{base()}.machine({std::move(lease)});
  }

  TestDir dir_;
};

TEST_F(HostModeTest, TellsWhatTheHostHas) {
  const auto facts = look_at_host({.base = base(), .address = "127.31.0.1", .ports = {}}).value();
  EXPECT_GT(facts.memory_mib, 0);
  EXPECT_GT(facts.cores, 0);
  EXPECT_GT(facts.disk_mib, 0);
  EXPECT_FALSE(facts.user.empty());
  EXPECT_FALSE(facts.os_host.empty());
  EXPECT_EQ(facts.address_error, "");
  EXPECT_EQ(facts.lease, "");
  EXPECT_FALSE(fs::exists(base())) << "looking changes nothing";
}

TEST_F(HostModeTest, TellsOfPortsThatAreTakenAndOfAddressesThatAreNotItsOwn) {
  const auto claim = bind_tcp("127.31.0.2", kLocalClaimPort).value();
  const auto facts = look_at_host({.base = base(), .address = "127.31.0.2", .ports = {}}).value();
  EXPECT_THAT(facts.taken_ports, ElementsAre(kLocalClaimPort)) << "another's agent";
  const auto foreign = look_at_host({.base = base(), .address = "192.0.2.1", .ports = {}}).value();
  EXPECT_NE(foreign.address_error, "");
}

TEST_F(HostModeTest, ConnectionsThatEndedAMomentAgoTakeNoPort) {
  const std::string address = "127.31.0.4";
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int reuse = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &name.sin_addr);
  auto* any = static_cast<sockaddr*>(static_cast<void*>(&name));
  socklen_t size = sizeof name;
  ASSERT_EQ(::bind(listener.get(), any, size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), any, &size), 0);
  const HostQuestion question{.base = base(), .address = address, .ports = {ntohs(name.sin_port)}};
  {
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), any, size), 0);
    UniqueFd server(::accept(listener.get(), nullptr, nullptr));
    server.reset();  // first, so that its side waits for what may still come
  }
  EXPECT_THAT(look_at_host(question)->taken_ports, ElementsAre(ntohs(name.sin_port)))
      << "somebody listens";
  listener.reset();
  EXPECT_TRUE(look_at_host(question)->taken_ports.empty());
}

TEST_F(HostModeTest, TakesTheAddressByWhichItsSshdWasReached) {
  ::setenv("SSH_CONNECTION", "10.0.0.1 40000 127.31.0.3 22", 1);
  EXPECT_EQ(look_at_host({.base = base(), .address = "", .ports = {}})->address, "127.31.0.3");
  ::unsetenv("SSH_CONNECTION");
  EXPECT_EQ(look_at_host({.base = base(), .address = "", .ports = {}})->address, "");
}

TEST_F(HostModeTest, LendsToOneMachineAtATime) {
  const auto borrowed = borrow_host(order("l-1")).value();
  EXPECT_EQ(borrowed.dir, machine("l-1"));
  EXPECT_EQ(borrow_host(order("l-1"))->dir, borrowed.dir) << "again is the same";
  const auto second = borrow_host(order("l-2"));
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("l-1"));
  EXPECT_EQ(borrow_host(order("l-1", "i-2")).error().kind, ErrorKind::conflict);
  EXPECT_EQ(look_at_host({.base = base(), .address = "", .ports = {}})->lease, "l-1");
  EXPECT_TRUE(give_back_host({.base = base(), .lease = {"l-1"}})->was_there);
  EXPECT_TRUE(borrow_host(order("l-2")).ok());
}

TEST_F(HostModeTest, RefusesADirectoryThatOthersMayWriteTo) {
  ASSERT_EQ(::mkdir(base().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(base().c_str(), 0777), 0);
  EXPECT_EQ(borrow_host(order("l-1")).error().kind, ErrorKind::permission_denied);
  EXPECT_THAT(borrow_host(order("../x")).error().kind, ErrorKind::invalid_argument);
}

TEST_F(HostModeTest, GivingBackEndsWhatRunsThereAlsoWithoutAnAgent) {
  ASSERT_TRUE(borrow_host(order("l-1")).ok());
  Command command{.argv = {"sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"}};
  command.working_dir = machine("l-1");
  const auto sleeper = run_checked(command).value().out;
  EXPECT_TRUE(give_back_host({.base = base(), .lease = {"l-1"}})->was_there);
  EXPECT_FALSE(fs::exists("/proc/" + sleeper.substr(0, sleeper.find('\n')) + "/cwd"));
  EXPECT_FALSE(fs::exists(machine("l-1")));
  EXPECT_FALSE(give_back_host({.base = base(), .lease = {"l-1"}})->was_there);
}

TEST_F(HostModeTest, TellsWhichPackagesAreMissing) {
  ASSERT_TRUE(make_directory(fs::path(HostLayout{base()}.packages()) / "aa").ok());
  const auto missing = look_for_packages({.base = base(), .names = {"aa", "bb"}}).value();
  EXPECT_THAT(missing.names, ElementsAre("bb"));
  EXPECT_FALSE(look_for_packages({.base = base(), .names = {"../x"}}).ok());
}

}  // namespace
}  // namespace bdaas
