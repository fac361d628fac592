#include "transport/swarm/decide_swarm.h"

#include <algorithm>
#include <bit>

namespace bdaas {

namespace {

constexpr int kDoublingsMax = 6;
constexpr int kRarestOf = 64;  // so many candidates are compared

Millis doubled(Millis span, int times) { return span * (1 << std::min(times, kDoublingsMax)); }

bool has_all(const SwarmMember& member) { return member.has.is_full(); }

// Can `from` give to `member`, when it has something?
bool is_usable(const SwarmMember& member, int from, const SwarmMember& source, Time now) {
  if (!source.serves || &source == &member) return false;
  const auto pair = member.by.find(from);
  return pair == member.by.end() || now >= pair->second.avoid_until;
}

class Pass {
 public:
  Pass(SwarmState& state, Time now) : state_(state), now_(now) {}

  std::vector<SwarmMove> decide() {
    for (auto& [id, member] : state_.members) drop_silent(id, member);
    // One chunk each in turn, so that none takes all that the others could give.
    for (bool goes_on = true; goes_on;) {
      goes_on = false;
      for (auto& [id, member] : state_.members) goes_on = fetch_one(id, member) || goes_on;
    }
    while (seed_one()) {
    }
    return std::move(moves_);
  }

 private:
  void drop_silent(int id, SwarmMember& member) {
    for (auto& [from, pair] : member.by) {
      const auto patience = doubled(state_.limits.patience, member.drops);
      if (pair.coming == 0 || now_ - pair.progress_at < patience) continue;
      moves_.push_back({SwarmMove::Kind::drop, id, from, -1});
      ++member.drops;
      pair.avoid_until = now_ + doubled(state_.limits.avoid, pair.failures++);
      std::vector<int> chunks;
      for (const auto& [chunk, source] : member.coming) {
        if (source == from) chunks.push_back(chunk);
      }
      for (const int chunk : chunks) state_.strike_out(id, chunk, from);
    }
  }

  bool fetch_one(int id, SwarmMember& member) {
    const auto& limits = state_.limits;
    if (!member.wants || has_all(member)) return false;
    if (static_cast<int>(member.coming.size()) - member.seeds >= limits.to_member) return false;
    int best = kFromManager;
    int best_chunk = -1;
    for (const auto& [from, source] : state_.members) {
      if (!is_usable(member, from, source, now_) || source.sending >= limits.from_member) continue;
      if (best_chunk >= 0 && source.sending >= state_.members.at(best).sending) continue;
      const auto pair = member.by.find(from);
      if (pair != member.by.end() && pair->second.coming >= limits.from_pair) continue;
      const int chunk = rarest(member, source, id + from);
      if (chunk < 0) continue;
      best = from;
      best_chunk = chunk;
    }
    if (best_chunk < 0) return false;
    order(id, member, best_chunk, best);
    return true;
  }

  // Of what the source could give. Members begin to look at different places.
  int rarest(const SwarmMember& member, const SwarmMember& source, int turn) const {
    const auto& has = member.has.words();
    const auto& ordered = member.ordered.words();
    const auto& given = source.has.words();
    const std::size_t begin =
        static_cast<std::size_t>(turn) * 7 % std::max<std::size_t>(has.size(), 1);
    int best = -1;
    int seen = 0;
    for (std::size_t i = 0; i < has.size() && seen < kRarestOf; ++i) {
      const auto word = (begin + i) % has.size();
      auto left = given[word] & ~has[word] & ~ordered[word];
      for (; left != 0 && seen < kRarestOf; left &= left - 1, ++seen) {
        const int chunk = static_cast<int>(word * 64) + std::countr_zero(left);
        if (best < 0 || spread(chunk) < spread(best)) best = chunk;
      }
    }
    return best;
  }

  // To the member that has the least to come from the manager.
  bool seed_one() {
    const int wanting = static_cast<int>(
        std::count_if(state_.members.begin(), state_.members.end(),
                      [](const auto& one) { return one.second.wants && !has_all(one.second); }));
    if (wanting == 0) return false;
    const int each = std::max(1, state_.limits.seeds / wanting);
    std::vector<std::pair<int, int>> order_of;  // seeds to come, member
    int under_way = 0;
    for (const auto& [id, member] : state_.members) {
      under_way += member.seeds;
      if (member.wants && member.seeds < each) order_of.emplace_back(member.seeds, id);
    }
    if (under_way >= each * std::min(wanting, state_.limits.seed_members)) return false;
    std::sort(order_of.begin(), order_of.end());
    for (const auto& [seeds, id] : order_of) {
      auto& member = state_.members.at(id);
      int chunk = unseeded(member);
      if (chunk < 0) chunk = out_of_reach(member);
      if (chunk < 0) continue;
      order(id, member, chunk, kFromManager);
      return true;
    }
    return false;
  }

  // A chunk that nobody can give, now or soon.
  int unseeded(const SwarmMember& member) {
    int& next = state_.next_seed;
    while (next < state_.chunks && spread(next) > 0) ++next;
    for (int chunk = next; chunk < state_.chunks; ++chunk) {
      if (spread(chunk) == 0 && !member.has.has(chunk) && !member.ordered.has(chunk)) return chunk;
    }
    return -1;
  }

  // A chunk that others can give, but not to this one.
  int out_of_reach(const SwarmMember& member) const {
    if (has_all(member)) return -1;
    std::vector<std::uint64_t> within(member.has.words());
    const auto add = [&](const std::vector<std::uint64_t>& words) {
      for (std::size_t i = 0; i < within.size(); ++i) within[i] |= words[i];
    };
    add(member.ordered.words());
    for (const auto& [from, source] : state_.members) {
      if (!is_usable(member, from, source, now_)) continue;
      add(source.has.words());
      for (const auto& [chunk, of] : source.coming) {
        if (of == kFromManager)
          within[static_cast<std::size_t>(chunk) / 64] |= 1ull << (chunk % 64);
      }
    }
    for (int chunk = 0; chunk < state_.chunks; ++chunk) {
      if ((within[static_cast<std::size_t>(chunk) / 64] >> (chunk % 64) & 1) == 0) return chunk;
    }
    return -1;
  }

  void order(int id, SwarmMember& member, int chunk, int from) {
    member.coming[chunk] = from;
    member.ordered.add(chunk);
    if (from == kFromManager) {
      ++member.seeds;
      ++state_.seeded;
      if (member.serves) ++state_.spread[static_cast<std::size_t>(chunk)];
      moves_.push_back({SwarmMove::Kind::seed, id, from, chunk});
      return;
    }
    auto& pair = member.by[from];
    if (pair.coming++ == 0) pair.progress_at = now_;
    ++state_.members.at(from).sending;
    moves_.push_back({SwarmMove::Kind::fetch, id, from, chunk});
  }

  int spread(int chunk) const { return state_.spread[static_cast<std::size_t>(chunk)]; }

  SwarmState& state_;
  const Time now_;
  std::vector<SwarmMove> moves_;
};

}  // namespace

void SwarmState::joined(int member, SwarmMember is) {
  if (is.ordered.size() != chunks) is.ordered = ChunkSet(chunks);
  for (int chunk = 0; chunk < chunks && is.serves; ++chunk) {
    if (is.has.has(chunk)) ++spread[static_cast<std::size_t>(chunk)];
  }
  members.insert_or_assign(member, std::move(is));
}

void SwarmState::left(int member) {
  const auto found = members.find(member);
  if (found == members.end()) return;
  const auto coming = found->second.coming;
  for (const auto& [chunk, from] : coming) strike_out(member, chunk, from);
  for (int chunk = 0; chunk < chunks && found->second.serves; ++chunk) {
    if (!found->second.has.has(chunk)) continue;
    if (--spread[static_cast<std::size_t>(chunk)] == 0) next_seed = std::min(next_seed, chunk);
  }
  members.erase(found);
  for (auto& [id, other] : members) {
    other.by.erase(member);
    std::erase_if(other.coming, [&](const auto& one) {
      if (one.second == member) other.ordered.remove(one.first);
      return one.second == member;
    });
  }
}

void SwarmState::has(int member, int chunk, Time now) {
  auto& is = members.at(member);
  const auto found = is.coming.find(chunk);
  if (found != is.coming.end()) {
    const int from = found->second;
    strike_out(member, chunk, from);
    if (from != kFromManager) {
      auto& pair = is.by[from];
      pair.progress_at = now;
      pair.failures = 0;
    }
  }
  if (is.has.has(chunk)) return;
  is.has.add(chunk);
  if (is.serves) ++spread[static_cast<std::size_t>(chunk)];
}

void SwarmState::missed(int member, int chunk, int from, Time now) {
  // What was ordered from elsewhere meanwhile is still to come from there.
  if (!strike_out(member, chunk, from) || from == kFromManager) return;
  auto& pair = members.at(member).by[from];
  // What was behind it on the same connection is missed with it, and counts once.
  if (now >= pair.avoid_until) pair.avoid_until = now + doubled(limits.avoid, pair.failures++);
}

bool SwarmState::strike_out(int member, int chunk, int from) {
  auto& is = members.at(member);
  const auto found = is.coming.find(chunk);
  if (found == is.coming.end() || found->second != from) return false;
  is.coming.erase(found);
  is.ordered.remove(chunk);
  if (from == kFromManager) {
    --is.seeds;
    if (is.serves && --spread[static_cast<std::size_t>(chunk)] == 0) {
      next_seed = std::min(next_seed, chunk);
    }
    return true;
  }
  --is.by[from].coming;
  const auto source = members.find(from);
  if (source != members.end()) --source->second.sending;
  return true;
}

std::vector<SwarmMove> decide_swarm(SwarmState& state, Time now) {
  return Pass(state, now).decide();
}

}  // namespace bdaas
