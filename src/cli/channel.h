#pragma once
// From several threads to one. Bounded: a writer waits while the reader is behind. The reader waits
// on fd() in a poll(2).

#include <condition_variable>
#include <mutex>
#include <vector>

#include "cli/waker.h"

namespace bdaas::cli {

template <class T>
class Channel {
 public:
  explicit Channel(std::size_t most = 64) : most_(most) {}

  // Any thread. False: closed, nobody will read it.
  bool push(T item) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < most_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    waker_.wake();
    return true;
  }

  // The reader: everything that is there.
  std::vector<T> take() {
    waker_.drain();
    std::unique_lock lock(mutex_);
    std::vector<T> items = std::exchange(items_, {});
    lock.unlock();
    room_.notify_all();
    return items;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
  }

  int fd() const { return waker_.fd(); }

 private:
  const std::size_t most_;
  Waker waker_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<T> items_;  // guarded by mutex_
  bool closed_ = false;   // guarded by mutex_
};

}  // namespace bdaas::cli
