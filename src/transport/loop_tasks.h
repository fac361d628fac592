#pragma once
// What other threads want done on the thread of a poll loop, and the descriptor that wakes it.

#include <poll.h>

#include <functional>
#include <mutex>
#include <vector>

#include "base/unique_fd.h"

namespace bdaas {

class LoopTasks {
 public:
  LoopTasks();

  // Any thread. False: the loop ends, and the task is not run.
  bool post(std::function<void()> task);
  void end();

  // The rest: the loop's thread only. run() runs what was posted; false: the loop shall end.
  bool run();
  pollfd watch() const { return {wake_.get(), POLLIN, 0}; }
  void polled(short revents) const;  // what poll() said of watch()

 private:
  void wake() const;

  UniqueFd wake_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::function<void()>> tasks_;
  bool ends_ = false;
};

}  // namespace bdaas
