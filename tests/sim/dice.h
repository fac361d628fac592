#pragma once
// Chance out of a seed: the same seed, the same run. SplitMix64 (Steele, Lea, Flood 2014).

#include "base/clock.h"
#include "base/id.h"

namespace bdaas {

class Dice final : public Entropy {
 public:
  explicit Dice(unsigned long long seed) : state_(seed) {}

  unsigned long long next() override {
    unsigned long long z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  // Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  Millis time(Millis low, Millis high) { return Millis{between(low.count(), high.count())}; }
  bool chance(std::int64_t thousandths) { return between(0, 999) < thousandths; }

 private:
  unsigned long long state_;
};

}  // namespace bdaas
