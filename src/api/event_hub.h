#pragma once
// Tells those who follow the history that there is more of it. Carries no data: they read the
// store.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace bdaas::api {

// Thread-safe. Outlives its subscriptions.
class EventHub {
 public:
  // Ends with its object: afterwards `wake` is not running and will not run.
  class Subscription {
   public:
    Subscription(EventHub& hub, std::function<void()> wake);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    EventHub& hub_;
    std::uint64_t key_;
  };

  // After every commit that appended to the history. Calls every `wake`, which must not block nor
  // subscribe.
  void notify();

 private:
  std::mutex mutex_;
  std::uint64_t next_key_ = 0;  // guarded by mutex_, as the next
  std::map<std::uint64_t, std::function<void()>> wakes_;
};

}  // namespace bdaas::api
