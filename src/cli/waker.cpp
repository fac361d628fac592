#include "cli/waker.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cassert>
#include <cstdint>

namespace bdaas::cli {

Waker::Waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  assert(fd_.valid() && "a process of a few descriptors has run out of them");
}

void Waker::wake() {
  const std::uint64_t one = 1;
  const auto written = ::write(fd_.get(), &one, sizeof(one));
  (void)written;  // fails only when 2^64 - 2 wake-ups are remembered already
}

bool Waker::wait(Millis most) {
  pollfd ready{fd_.get(), POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(most.count())) <= 0) return false;
  drain();
  return true;
}

void Waker::drain() {
  std::uint64_t count = 0;
  const auto got = ::read(fd_.get(), &count, sizeof(count));
  (void)got;  // EAGAIN: nothing was remembered
}

}  // namespace bdaas::cli
