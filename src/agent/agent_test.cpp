#include "agent/agent.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>

#include "agent/test_dir.h"

namespace bdaas {
namespace {

constexpr std::size_t kOutputBytes = 4u << 20;

// A manager's end of the link.
UniqueFd dial(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    node_.config.dir = dir_.path();
    node_.config.expires_at = SystemClock().now() + std::chrono::hours(1);
    EXPECT_TRUE(make_directory(dir_.path("steps/s-1")).ok());
    EXPECT_TRUE(write_file(dir_.path("steps/s-1/stdout"), std::string(kOutputBytes, 'x')).ok());
  }

  // Time from asking for it until the next round at the latest.
  Millis pause(const Agent& agent) const {
    const auto before = BootClock::now();
    WaitSet wait;
    agent.wait_for(wait);
    return wait.until() - before;
  }

  const TestDir dir_;
  NodeContext node_;
  NodeFiles files_ = NodeFiles::open(dir_.path()).value();
  StateStore store_ = StateStore::open(dir_.path(), "boot").value();
  LinkServer server_ = LinkServer::listen(dir_.path("agent.sock")).value();
};

TEST_F(AgentTest, RestsWhileItsManagerDoesNotRead) {
  Agent agent(node_, files_, store_, server_);
  const auto manager = dial(dir_.path("agent.sock"));
  const auto order = write_order(Follow{StepId{"s-1"}, OutputStream::out, 0});
  ASSERT_EQ(::send(manager.get(), order.data(), order.size(), MSG_NOSIGNAL), std::ssize(order));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(agent.tick());
  EXPECT_GE(pause(agent), Millis{100});

  std::size_t read = 0;
  std::array<char, 64 * 1024> buffer;
  for (int round = 0; round < 10'000 && read < kOutputBytes; ++round) {
    const auto got = ::recv(manager.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) read += static_cast<std::size_t>(got);
    ASSERT_TRUE(agent.tick());
  }
  EXPECT_GE(read, kOutputBytes) << "it goes on when its manager reads";
}

}  // namespace
}  // namespace bdaas
