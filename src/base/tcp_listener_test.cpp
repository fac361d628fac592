#include "base/tcp_listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tcp_bind.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

TEST(FindListener, NamesTheProcessAndItsWords) {
  const auto fd = bind_tcp("0.0.0.0", 0).value();
  sockaddr_in name{};
  socklen_t length = sizeof name;
  ASSERT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &length), 0);
  const std::uint16_t port = ntohs(name.sin_port);
  EXPECT_FALSE(find_listener(port));
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  const auto found = find_listener(port);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, ::getpid());
  EXPECT_THAT(found->command, HasSubstr("base_test"));
}

}  // namespace
}  // namespace bdaas
