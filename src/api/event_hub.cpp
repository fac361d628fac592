#include "api/event_hub.h"

#include <utility>

namespace bdaas::api {

EventHub::Subscription::Subscription(EventHub& hub, std::function<void()> wake) : hub_(hub) {
  const std::lock_guard lock(hub_.mutex_);
  key_ = hub_.next_key_++;
  hub_.wakes_.emplace(key_, std::move(wake));
}

EventHub::Subscription::~Subscription() {
  const std::lock_guard lock(hub_.mutex_);
  hub_.wakes_.erase(key_);
}

void EventHub::notify() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, wake] : wakes_) wake();
}

}  // namespace bdaas::api
