#pragma once
// Work that Ctrl-C or SIGTERM ends in order, so that it takes away what is half done.

#include <poll.h>

#include <iterator>
#include <optional>
#include <utility>

#include "cli/signals.h"
#include "cli/task.h"

namespace bdaas::cli {

// What `work(TaskControl&)` gives. It runs on a thread of its own and is told to stop by a signal;
// the caller waits. Main thread, before other threads exist.
template <class Work>
auto until_signal(Work work) {
  Signals signals;  // before the thread, which inherits the mask
  Waker ended;
  std::optional<decltype(work(std::declval<TaskControl&>()))> end;
  {
    Task task([&](TaskControl& control) {
      end = work(control);
      ended.wake();
    });
    pollfd ready[] = {{signals.fd(), POLLIN, 0}, {ended.fd(), POLLIN, 0}};
    while (ready[1].revents == 0) {
      ::poll(ready, std::size(ready), -1);
      while (const auto signal = signals.next()) {
        if (*signal != SIGWINCH) task.stop();
      }
    }
  }
  return *std::move(end);
}

}  // namespace bdaas::cli
