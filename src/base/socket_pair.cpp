#include "base/socket_pair.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return os_error(errno, "cannot make a socket pair");
  }
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace bdaas
