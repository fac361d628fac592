#include "app/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdint>

namespace bdaas {

namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  raised_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

bool StopSignals::wait(Millis most) {
  pollfd waits[2] = {{signals_.get(), POLLIN, 0}, {raised_.get(), POLLIN, 0}};
  return ::poll(waits, 2, static_cast<int>(most.count())) > 0;
}

void StopSignals::raise() {
  const std::uint64_t one = 1;
  // The counter cannot overflow by such single steps, and being readable is all that matters.
  [[maybe_unused]] const auto written = ::write(raised_.get(), &one, sizeof one);
}

}  // namespace bdaas
