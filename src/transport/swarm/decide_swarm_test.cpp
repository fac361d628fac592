#include "transport/swarm/decide_swarm.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace bdaas {
namespace {

using Kind = SwarmMove::Kind;

Time at(std::int64_t millis) { return Time(Millis(millis)); }

SwarmMember empty_member(int chunks) {
  SwarmMember member;
  member.has = ChunkSet(chunks);
  return member;
}

SwarmMember full_member(int chunks) {
  auto member = empty_member(chunks);
  for (int i = 0; i < chunks; ++i) member.has.add(i);
  return member;
}

TEST(DecideSwarm, OneMachineGetsEverythingFromTheManagerAFewChunksAtATime) {
  SwarmState state(10);
  state.joined(0, empty_member(10));
  const auto moves = decide_swarm(state, at(0));
  ASSERT_EQ(moves.size(), 4u);
  for (const auto& move : moves) EXPECT_EQ(move.kind, Kind::seed);
  EXPECT_TRUE(decide_swarm(state, at(1)).empty()) << "all that may be under way is";
  state.has(0, moves[0].chunk, at(2));
  EXPECT_EQ(decide_swarm(state, at(2)).size(), 1u);
}

TEST(DecideSwarm, WhatOneHasIsFetchedFromItAndNotSentAgain) {
  SwarmState state(3);
  state.joined(0, full_member(3));
  state.joined(1, empty_member(3));
  const auto moves = decide_swarm(state, at(0));
  ASSERT_EQ(moves.size(), 3u);
  for (const auto& move : moves) {
    EXPECT_EQ(move.kind, Kind::fetch);
    EXPECT_EQ(move.member, 1);
    EXPECT_EQ(move.from, 0);
  }
}

TEST(DecideSwarm, OneThatOnlyGivesIsSentNothing) {
  SwarmState state(3);
  auto giver = empty_member(3);
  giver.wants = false;
  state.joined(0, giver);
  EXPECT_TRUE(decide_swarm(state, at(0)).empty());
}

TEST(DecideSwarm, TheManagerIsAskedForWhatNobodyWithinReachHas) {
  SwarmState state(1);
  auto deaf = full_member(1);
  deaf.serves = false;
  state.joined(0, deaf);
  state.joined(1, empty_member(1));
  EXPECT_EQ(decide_swarm(state, at(0)), (std::vector<SwarmMove>{{Kind::seed, 1, kFromManager, 0}}));

  SwarmState walled(1);
  walled.joined(0, full_member(1));
  walled.joined(1, empty_member(1));
  ASSERT_EQ(decide_swarm(walled, at(0)), (std::vector<SwarmMove>{{Kind::fetch, 1, 0, 0}}));
  walled.missed(1, 0, 0, at(5));
  EXPECT_EQ(decide_swarm(walled, at(5)),
            (std::vector<SwarmMove>{{Kind::seed, 1, kFromManager, 0}}));
}

TEST(DecideSwarm, WhatTheDeadHadIsSentAgain) {
  SwarmState state(1);
  state.joined(0, empty_member(1));
  state.joined(1, empty_member(1));
  ASSERT_EQ(decide_swarm(state, at(0)).size(), 1u);
  state.has(0, 0, at(1));
  ASSERT_EQ(decide_swarm(state, at(1)), (std::vector<SwarmMove>{{Kind::fetch, 1, 0, 0}}));
  state.left(0);
  EXPECT_EQ(decide_swarm(state, at(2)), (std::vector<SwarmMove>{{Kind::seed, 1, kFromManager, 0}}));
  state.missed(1, 0, 0, at(3));
  EXPECT_TRUE(decide_swarm(state, at(3)).empty()) << "a late word of the dead one changes nothing";
}

TEST(DecideSwarm, OneThatDoesNotGiveIsGivenUpAndAskedAgainLater) {
  SwarmState state(2, {.from_pair = 1});
  state.joined(0, full_member(2));
  state.joined(1, empty_member(2));
  ASSERT_EQ(decide_swarm(state, at(0)).size(), 1u);
  EXPECT_TRUE(decide_swarm(state, at(4'999)).empty());
  const auto moves = decide_swarm(state, at(5'000));
  ASSERT_EQ(moves.size(), 3u);
  EXPECT_EQ(moves[0], (SwarmMove{Kind::drop, 1, 0, -1}));
  EXPECT_EQ(moves[1].kind, Kind::seed);
  state.has(1, moves[1].chunk, at(5'100));
  state.missed(1, moves[2].chunk, kFromManager, at(5'100));
  EXPECT_EQ(decide_swarm(state, at(15'000)).at(0).kind, Kind::fetch) << "ten seconds later";
}

// A world of machines that die, join late, lie behind walls, are slow or send wrong bytes.
class Swarm {
 public:
  Swarm(unsigned seed, bool is_kind)
      : dice_(seed), is_kind_(is_kind), state_(1 + roll(100), limits()) {
    const int machines = 1 + roll(12);
    for (int i = 0; i < machines; ++i) add();
  }

  void live() {
    for (int turn = 0; turn < 200'000 && !is_over(); ++turn) {
      now_ += Millis(1 + roll(200));
      if (!is_kind_ && roll(300) == 0 && next_ < 30) add();
      if (!is_kind_ && roll(400) == 0 && state_.members.size() > 1) kill();
      for (const auto& move : decide_swarm(state_, now_)) begin(move);
      check();
      progress();
    }
    EXPECT_TRUE(is_over()) << "everybody who stays gets everything";
  }

  void expect_few_seeds() const { EXPECT_EQ(state_.seeded, state_.chunks); }

 private:
  // In a kind world a chunk that takes long is under way nevertheless.
  SwarmLimits limits() const {
    SwarmLimits limits;
    if (is_kind_) limits.patience = std::chrono::hours(1);
    return limits;
  }

  struct Flight {
    int member;
    int from;
    int chunk;
    bool never;  // nothing comes
    bool fails;
  };

  int roll(int sides) { return static_cast<int>(dice_() % static_cast<unsigned>(sides)); }

  void add() {
    auto member = empty_member(state_.chunks);
    if (!is_kind_) {
      for (int i = roll(3) == 0 ? roll(state_.chunks) : 0; i > 0; --i) member.has.add(roll(i));
      member.serves = roll(6) != 0;
      member.wants = next_ == 0 || roll(6) != 0;
    }
    const int id = next_++;
    for (int other = 0; other < id; ++other) {
      if (!is_kind_ && roll(5) == 0) walls_.insert({id, other});
      if (!is_kind_ && roll(5) == 0) walls_.insert({other, id});
    }
    if (!is_kind_ && roll(5) == 0) silent_.insert(id);
    state_.joined(id, std::move(member));
  }

  void kill() {
    auto one = state_.members.begin();
    std::advance(one, roll(static_cast<int>(state_.members.size())));
    const int id = one->first;
    state_.left(id);
    std::erase_if(flights_, [&](const Flight& f) { return f.member == id || f.from == id; });
  }

  void begin(const SwarmMove& move) {
    const auto& member = state_.members.at(move.member);
    if (move.kind == Kind::drop) {
      std::erase_if(flights_, [&](const Flight& flight) {
        return flight.member == move.member && flight.from == move.from;
      });
      return;
    }
    ASSERT_TRUE(member.wants);
    ASSERT_FALSE(member.has.has(move.chunk)) << "it is there";
    for (const auto& flight : flights_) {
      ASSERT_FALSE(flight.member == move.member && flight.chunk == move.chunk) << "it is coming";
    }
    Flight flight{move.member, move.from, move.chunk, false, false};
    if (move.kind == Kind::fetch) {
      ASSERT_TRUE(state_.members.at(move.from).has.has(move.chunk)) << "it cannot give that";
      ASSERT_TRUE(state_.members.at(move.from).serves);
      ASSERT_NE(move.from, move.member);
      flight.fails = walls_.contains({move.member, move.from}) || (!is_kind_ && roll(200) == 0);
      flight.never = silent_.contains(move.from);
    } else {
      flight.fails = !is_kind_ && roll(500) == 0;
    }
    flights_.push_back(flight);
  }

  void progress() {
    for (int i = roll(20); i > 0 && !flights_.empty(); --i) {
      const auto at = flights_.begin() + roll(static_cast<int>(flights_.size()));
      if (at->never) continue;
      const Flight flight = *at;
      flights_.erase(at);
      if (flight.fails) {
        state_.missed(flight.member, flight.chunk, flight.from, now_);
      } else {
        state_.has(flight.member, flight.chunk, now_);
      }
    }
  }

  // What is counted along the way is what there is.
  void check() const {
    std::vector<int> spread(static_cast<std::size_t>(state_.chunks));
    std::map<int, int> sending;
    for (const auto& [id, member] : state_.members) {
      int seeds = 0;
      std::map<int, int> by;
      for (int chunk = 0; chunk < state_.chunks; ++chunk) {
        const auto coming = member.coming.find(chunk);
        ASSERT_EQ(coming != member.coming.end(), member.ordered.has(chunk));
        const bool from_manager = coming != member.coming.end() && coming->second == kFromManager;
        if (member.serves && (member.has.has(chunk) || from_manager)) {
          ++spread[static_cast<std::size_t>(chunk)];
        }
      }
      for (const auto& [chunk, from] : member.coming) {
        if (from == kFromManager) ++seeds;
        if (from != kFromManager) ++by[from], ++sending[from];
      }
      ASSERT_EQ(seeds, member.seeds);
      ASSERT_LE(seeds, state_.limits.seeds);
      for (const auto& [from, count] : by) {
        ASSERT_EQ(count, member.by.at(from).coming);
        ASSERT_LE(count, state_.limits.from_pair);
      }
    }
    ASSERT_EQ(spread, state_.spread);
    for (const auto& [id, member] : state_.members) {
      ASSERT_EQ(sending[id], member.sending);
      ASSERT_LE(member.sending, state_.limits.from_member);
    }
  }

  bool is_over() const {
    for (const auto& [id, member] : state_.members) {
      if (member.wants && !member.has.is_full()) return false;
    }
    return true;
  }

  std::mt19937 dice_;
  const bool is_kind_;
  SwarmState state_;
  Time now_{};
  int next_ = 0;
  std::set<std::pair<int, int>> walls_;
  std::set<int> silent_;
  std::vector<Flight> flights_;
};

TEST(DecideSwarm, WhoeverStaysGetsEverythingWhateverHappens) {
  for (unsigned seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Swarm(seed, false).live();
  }
}

TEST(DecideSwarm, EachChunkLeavesTheManagerOnceWhenNothingFails) {
  for (unsigned seed = 1; seed <= 20 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Swarm swarm(seed, true);
    swarm.live();
    swarm.expect_few_seeds();
  }
}

}  // namespace
}  // namespace bdaas
