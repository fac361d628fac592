#pragma once
// One thread with one job, told to stop and joined by its owner; never detached.

#include <atomic>
#include <thread>

#include "cli/waker.h"

namespace bdaas::cli {

// What the thread looks at. `stop` also cancels the HTTP request that it is waiting for.
struct TaskControl {
  std::atomic<bool> stop{false};
  Waker waker;

  void ask_to_stop() {
    stop = true;
    waker.wake();
  }
  // False when it is time to stop.
  bool wait(Millis most) {
    if (!stop) waker.wait(most);
    return !stop;
  }
};

class Task {
 public:
  template <class Work>
  explicit Task(Work work)
      : thread_([this, body = std::move(work)]() mutable { body(control_); }) {}
  ~Task() {
    stop();
    thread_.join();
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  void wake() { control_.waker.wake(); }
  void stop() { control_.ask_to_stop(); }

 private:
  TaskControl control_;  // before the thread that uses it
  std::thread thread_;
};

}  // namespace bdaas::cli
