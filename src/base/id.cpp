#include "base/id.h"

#include <sys/random.h>

#include <cstdlib>

namespace bdaas {

unsigned long long SystemEntropy::next() {
  unsigned long long value = 0;
  // getrandom of 8 bytes cannot be interrupted or short once the pool is seeded (getrandom(2)).
  if (getrandom(&value, sizeof value, 0) != sizeof value) std::abort();
  return value;
}

std::string random_text(Entropy& entropy, int characters) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text;
  unsigned long long pool = 0;
  for (int i = 0; i < characters; ++i) {
    if (i % 12 == 0) pool = entropy.next();
    text += kAlphabet[pool % kAlphabet.size()];
    pool /= kAlphabet.size();
  }
  return text;
}

}  // namespace bdaas
