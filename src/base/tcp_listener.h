#pragma once
// Who listens on a TCP port at all addresses of this computer, as /proc tells it. Slow: looks at
// every process. Any thread.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace bdaas {

struct TcpListener {
  pid_t pid = 0;
  std::string command;  // its words, cut off behind 200 bytes
};

// Nothing: nobody does, or a process of another user.
std::optional<TcpListener> find_listener(std::uint16_t port);

}  // namespace bdaas
