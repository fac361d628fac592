#pragma once
// Gives chunks to the other machines of a swarm (model/swarm_messages.h). Nothing blocks; one
// thread.

#include <poll.h>

#include <span>
#include <vector>

#include "agent/swarm/chunk_files.h"
#include "base/secret.h"

namespace bdaas {

class PeerServer {
 public:
  using Steady = std::chrono::steady_clock;

  // Listens on any free port of the address. files outlives it.
  static Result<PeerServer> listen(const std::string& address, Secret<std::string> secret,
                                   const ChunkFiles& files);
  std::int64_t port() const { return port_; }

  void watch(std::vector<pollfd>& fds) const;
  void turn(std::span<const pollfd> seen, Steady::time_point now);

 private:
  struct Guest {
    UniqueFd fd;
    Steady::time_point since;
    std::string said;  // a part of the secret or of a request
    bool is_known = false;
    int chunk = -1;  // that goes out; -1: none
    std::int64_t sent = 0;
  };
  PeerServer(UniqueFd fd, std::int64_t port, Secret<std::string> secret, const ChunkFiles& files)
      : fd_(std::move(fd)), port_(port), secret_(std::move(secret)), files_(&files) {}

  void accept_all(Steady::time_point now);
  bool serve(Guest& guest) const;
  bool listen_to(Guest& guest) const;
  bool give(Guest& guest) const;

  UniqueFd fd_;
  std::int64_t port_;
  Secret<std::string> secret_;
  const ChunkFiles* files_;
  std::vector<Guest> guests_;
};

}  // namespace bdaas
