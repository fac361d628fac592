#pragma once
// All swarms in one poll loop on a thread of its own: runs the dialogues with their members, and
// has them do what decide_swarm() says. A swarm begins with the first machine that wants something,
// and ends when none does any more; until then those that have everything go on giving.

#include <map>
#include <set>
#include <thread>

#include "base/id.h"
#include "base/secret.h"
#include "model/node_link.h"
#include "transport/loop_tasks.h"
#include "transport/ssh/remote_call.h"
#include "transport/swarm/decide_swarm.h"
#include "transport/swarm/swarm_link.h"

namespace bdaas {

class SwarmLoop {
 public:
  // A stream to `bdaas-agent receive` on the machine; must not block.
  using Open = std::function<Result<UniqueFd>(const Machine&)>;
  using Ticket = std::shared_ptr<Answer<void>>;

  // packages: the directory that holds them here. entropy outlives it.
  SwarmLoop(Open open, std::filesystem::path packages, Entropy& entropy);
  // All dialogues end; who waits is told so.
  ~SwarmLoop();

  // The ticket is given when all packages of the map are kept there, or cannot be.
  Ticket join(const Delivery& delivery, ChunkMap map);
  void leave(const Ticket& ticket);  // does not want it any more

 private:
  using Steady = std::chrono::steady_clock;
  struct Member {
    Machine machine;
    SwarmLink link;
    std::set<Ticket> waiting;
    bool wants = false;
    bool is_kept = false;
    std::string listens;  // address:port; empty: it has not joined, or nobody can fetch from it
    bool has_joined = false;
    int wrong_seeds = 0;
    Steady::time_point since;
    std::vector<SwarmReport> news;
  };
  struct Swarm {
    ClusterId cluster;
    ChunkMap map;
    Secret<std::string> secret;
    SwarmState state;
    std::map<int, Member> members;
    int next_member = 0;
    Steady::time_point pinged_at;
  };

  void run();
  // The rest: the loop's thread only.
  void poll_once();
  void add(const Delivery& delivery, ChunkMap map, const Ticket& ticket);
  Result<> begin(Swarm& swarm, const Machine& machine, const Ticket& ticket);
  void turn(Swarm& swarm);
  Result<> take(Swarm& swarm, int id, Member& member);
  Result<> hear(Swarm& swarm, int id, Member& member, const Joined& report);
  Result<> hear(Swarm& swarm, int id, Member& member, const HaveChunk& report);
  Result<> hear(Swarm& swarm, int id, Member& member, const MissedChunk& report);
  Result<> hear(Swarm& swarm, int id, Member& member, const PackagesKept& report);
  Result<> hear(Swarm& swarm, int id, Member& member, const SwarmRefusal& report);
  Result<> hear(Swarm& swarm, int id, Member& member, const SwarmPong& report);
  void end(Swarm& swarm, int id, const Error& why);
  void give_orders(Swarm& swarm);

  const Open open_;
  const std::filesystem::path packages_;
  Entropy& entropy_;
  LoopTasks tasks_;

  std::map<std::string, Swarm> swarms_;  // the loop's; by cluster and packages
  std::thread thread_;
};

}  // namespace bdaas
