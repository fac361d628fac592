#pragma once
// Connecting to the first of some addresses that answers, without blocking. One owner, one thread.

#include <chrono>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "transport/ssh/name_resolver.h"

namespace bdaas {

class TcpDial {
 public:
  using Steady = std::chrono::steady_clock;

  // Each address gets its share of the time.
  TcpDial(std::vector<SocketAddress> addresses, Steady::time_point deadline);

  // Goes on; nothing: wait until fd() is writable, or until(). unavailable: none answered, in the
  // words of the last.
  std::optional<Result<UniqueFd>> step(Steady::time_point now);

  int fd() const { return fd_.get(); }
  Steady::time_point until() const { return until_; }

 private:
  void dial_next(Steady::time_point now);

  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  Steady::time_point deadline_;
  Steady::time_point until_;  // for this address
  UniqueFd fd_;
  int error_ = 0;  // of the last one
};

}  // namespace bdaas
