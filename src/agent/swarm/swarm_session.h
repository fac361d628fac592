#pragma once
// One machine's part in a swarm: the dialogue with the manager (model/swarm_messages.h), with the
// chunks that come and go beside it. Nothing blocks but the disk; one thread.

#include "agent/swarm/peer_fetches.h"
#include "agent/swarm/peer_server.h"
#include "model/swarm_messages.h"

namespace bdaas {

class SwarmSession {
 public:
  using Steady = std::chrono::steady_clock;

  // Talks over the two until the manager ends it; then an error only if not everything that was
  // wanted is kept. What is said at the end is flushed. Both are made non-blocking.
  static Result<> run(int in, int out);

 private:
  SwarmSession(int in, int out) : in_(in), out_(out) {}

  Result<> talk();
  Result<> turn(const std::vector<pollfd>& fds);
  Result<bool> read_some();  // false: nobody speaks any more
  Result<> take_bytes(std::string_view bytes);
  Result<> take_seed(std::string_view bytes);
  Result<> finish_seed();
  Result<> obey(JoinSwarm order);
  Result<> obey(const SeedPiece& order);
  Result<> obey(const FetchChunk& order);
  Result<> obey(const DropPeer& order);
  Result<> obey(const SwarmPing& order);
  Result<int> checked(std::int64_t chunk) const;
  Result<> look_at_kept();
  void have(int chunk);
  void say(const SwarmReport& report) { unsaid_ += write_message(report); }
  Result<> write_some();

  const int in_;
  const int out_;
  std::string line_;    // the beginning of one
  std::string unsaid_;  // for the manager
  Steady::time_point heard_at_ = Steady::now();

  std::optional<ChunkFiles> files_;  // from the first order on, as the rest
  std::optional<PeerServer> server_;
  std::optional<PeerFetches> fetches_;
  bool wants_ = false;
  bool is_kept_ = false;

  std::int64_t seed_left_ = 0;  // of the piece that comes now
  int seed_chunk_ = -1;         // its chunk, also between pieces
  std::int64_t seed_chunk_left_ = 0;
  std::optional<ChunkWriter> seed_;  // none: it has come from elsewhere
};

}  // namespace bdaas
