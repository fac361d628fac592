#include "base/tcp_bind.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

Result<UniqueFd> bind_tcp(const std::string& address, std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) {
    return fail(ErrorKind::invalid_argument, "'{}' is not an IPv4 address", printable(address));
  }
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return os_error(errno, "cannot make a socket");
  if (::bind(fd.get(), static_cast<sockaddr*>(static_cast<void*>(&name)), sizeof name) == 0) {
    return fd;
  }
  if (errno == EADDRINUSE) {
    return fail(ErrorKind::conflict, "the address {}:{} is taken", address, port);
  }
  return os_error(errno, fmt::format("cannot bind {}:{}", address, port));
}

}  // namespace bdaas
