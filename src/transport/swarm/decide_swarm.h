#pragma once
// Who sends which chunk to whom: pure. The owner of a SwarmState tells it what happened, and has
// decide_swarm() say what to do next, which it also books into the state.
//
// Each chunk leaves the manager once, to that member which has the least to come from it; all else
// comes from members. What no member can give (any more) comes from the manager again: it is the
// last that is asked, and never says no, so every member that stays gets everything.

#include <map>

#include "model/chunk_map.h"

namespace bdaas {

struct SwarmLimits {
  int from_pair = 6;     // chunks that one member has to send to one other
  int to_member = 16;    // chunks that are to come to one, from others
  int from_member = 16;  // chunks that one has to send to others
  int seeds = 4;         // chunks the manager has to send at once, but at least one to each of…
  int seed_members = 16;
  Millis patience{5'000};  // without a chunk from one that has some to send; doubles with each use
  Millis avoid{10'000};    // one that has failed is not asked again for so long; doubles likewise
};

// What is to come from where.
inline constexpr int kFromManager = -1;

struct SwarmPair {  // one member as the source of another
  int coming = 0;
  Time progress_at{};  // a chunk came, or the first was ordered
  Time avoid_until{};
  int failures = 0;
};

struct SwarmMember {
  bool wants = true;   // false: it only gives
  bool serves = true;  // others can be told to fetch from it
  ChunkSet has;
  ChunkSet ordered;             // to come from anywhere
  std::map<int, int> coming;    // chunk → from whom
  std::map<int, SwarmPair> by;  // source → how that goes
  int seeds = 0;                // to come from the manager
  int sending = 0;              // to others
  int drops = 0;
};

struct SwarmState {
  explicit SwarmState(int chunks, SwarmLimits given = {})
      : chunks(chunks), limits(given), spread(static_cast<std::size_t>(chunks)) {}

  // What happened. Members are numbers ≥ 0 that are never used again.
  void joined(int member, SwarmMember is);
  void left(int member);
  void has(int member, int chunk, Time now);               // it has come, from wherever
  void missed(int member, int chunk, int from, Time now);  // it did not come from there

  int chunks;
  SwarmLimits limits;
  std::map<int, SwarmMember> members;
  std::vector<int> spread;  // of each chunk: members that can give it, or will when it has come
  int next_seed = 0;        // from here on a chunk is looked for that nobody has
  std::int64_t seeded = 0;  // chunks the manager was told to send, ever

  // True: the chunk was to come to the member from that source, and is not any more.
  bool strike_out(int member, int chunk, int from);
};

struct SwarmMove {
  enum class Kind {
    seed,   // the manager sends the chunk
    fetch,  // the member fetches the chunk from that one
    drop    // the member gives up whatever it waits for from that one
  };
  Kind kind = Kind::seed;
  int member = 0;
  int from = kFromManager;
  int chunk = -1;

  bool operator==(const SwarmMove&) const = default;
};

std::vector<SwarmMove> decide_swarm(SwarmState& state, Time now);

}  // namespace bdaas
