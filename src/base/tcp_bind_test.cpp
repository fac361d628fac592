#include "base/tcp_bind.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace bdaas {
namespace {

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_in name{};
  socklen_t length = sizeof name;
  ::getsockname(fd.get(), static_cast<sockaddr*>(static_cast<void*>(&name)), &length);
  return ntohs(name.sin_port);
}

TEST(BindTcp, AnAddressIsTakenAsLongAsTheSocketLives) {
  auto first = bind_tcp("127.16.3.4", 0).value();
  const auto port = port_of(first);
  EXPECT_NE(::fcntl(first.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(bind_tcp("127.16.3.4", port).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(bind_tcp("127.16.3.5", port).ok());
  first.reset();
  EXPECT_TRUE(bind_tcp("127.16.3.4", port).ok());
}

TEST(BindTcp, RefusesWhatIsNoAddressOfThisComputer) {
  EXPECT_EQ(bind_tcp("localhost", 0).error().kind, ErrorKind::invalid_argument);
  EXPECT_FALSE(bind_tcp("192.0.2.1", 0).ok());
}

}  // namespace
}  // namespace bdaas
