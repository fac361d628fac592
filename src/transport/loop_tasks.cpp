#include "transport/loop_tasks.h"

#include <sys/eventfd.h>

namespace bdaas {

LoopTasks::LoopTasks() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void LoopTasks::wake() const {
  // Fails only when the counter is full, and then it is awake.
  [[maybe_unused]] const int woken = ::eventfd_write(wake_.get(), 1);
}

bool LoopTasks::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (ends_) return false;
  tasks_.push_back(std::move(task));
  wake();
  return true;
}

void LoopTasks::end() {
  const std::lock_guard lock(mutex_);
  ends_ = true;
  wake();
}

bool LoopTasks::run() {
  std::vector<std::function<void()>> taken;
  bool goes_on = true;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(tasks_);
    goes_on = !ends_;
  }
  for (const auto& task : taken) task();
  return goes_on;
}

void LoopTasks::polled(short revents) const {
  eventfd_t count = 0;
  if (revents != 0) ::eventfd_read(wake_.get(), &count);
}

}  // namespace bdaas
