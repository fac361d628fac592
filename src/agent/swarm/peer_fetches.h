#pragma once
// Fetches chunks from the other machines of a swarm (model/swarm_messages.h), over one connection
// to each. Nothing blocks; one thread.

#include <poll.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "agent/swarm/chunk_files.h"
#include "base/clock.h"
#include "base/secret.h"

namespace bdaas {

// Where an agent listens: "10.0.0.5:41234".
struct PeerAddress {
  std::uint32_t host = 0;  // both in the network's order
  std::uint16_t port = 0;
};
std::optional<PeerAddress> read_peer_address(const std::string& text);

class PeerFetches {
 public:
  using Steady = std::chrono::steady_clock;
  struct Events {
    std::function<void(int chunk)> have;
    std::function<void(int chunk, const std::string& from, std::string why)> missed;
  };

  // files outlives it. An error of our own disk is kept in error().
  PeerFetches(ChunkFiles& files, Secret<std::string> secret, Events events)
      : files_(files), secret_(std::move(secret)), events_(std::move(events)) {}

  void fetch(int chunk, const std::string& from, Steady::time_point now);
  void drop(const std::string& from) { peers_.erase(from); }
  const Result<>& error() const { return error_; }

  void watch(std::vector<pollfd>& fds) const;
  void turn(std::span<const pollfd> seen, Steady::time_point now);

 private:
  struct Peer {
    UniqueFd fd;
    bool is_connected = false;
    Steady::time_point heard_at;
    std::string unsent;
    std::deque<int> wanted;  // the first comes now
    std::optional<ChunkWriter> writer;
  };
  enum class Step { waits, goes_on, ended };

  Result<> dial(Peer& peer, const std::string& from) const;
  std::string serve(const pollfd& seen, Peer& peer, Steady::time_point now);
  Step take(Peer& peer, std::string& why);
  void give_up(const std::string& from, const std::string& why);

  ChunkFiles& files_;
  const Secret<std::string> secret_;
  const Events events_;
  std::map<std::string, Peer> peers_;
  Result<> error_;
};

}  // namespace bdaas
