#pragma once
// The callers' half of what is done over SSH: their threads feed and wait here, while the loop's
// thread does the work.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "model/remote_hosts.h"
#include "transport/ssh/ssh_channel.h"

namespace bdaas {

// Given once, awaited by one.
template <class T>
class Answer {
 public:
  void give(Result<T> result) {
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
    given_.notify_all();
  }
  // Nothing: not given until then.
  std::optional<Result<T>> wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    given_.wait_until(lock, deadline, [this] { return result_.has_value(); });
    return std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::optional<Result<T>> result_;
};

// Feeds a program's stdin through `mine` and waits until the loop closes the other end, having
// given the answer; at the time-out or the cancellation `mine` is closed, which ends the program.
// who: "user@address:port".
Result<Completed> feed_and_wait(const RemoteCommand& command, const std::string& who, UniqueFd mine,
                                Answer<Completed>& answer, const std::atomic<CallStage>& stage,
                                std::chrono::steady_clock::time_point deadline);

// For a call whose time is over: how far it came.
Error too_late(const std::string& who, CallStage stage, const std::string& what, Millis timeout);

}  // namespace bdaas
