#pragma once
// Time as the project writes it: UTC, milliseconds. The Clock is one of the four seams with a fake.

#include <chrono>
#include <string>

#include "base/result.h"

namespace bdaas {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Millis>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;  // any thread
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// Stands still until told. Not thread-safe: a simulation owns it.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time start = Time{Millis{1'700'000'000'000}}) : now_(start) {}
  Time now() const override { return now_; }
  void advance(Millis by) { now_ += by; }
  void set(Time to) { now_ = to; }

 private:
  Time now_;
};

// RFC 3339 with milliseconds, always Z: "2026-01-31T08:00:00.000Z".
std::string to_rfc3339(Time time);
Result<Time> from_rfc3339(std::string_view text);

// "0.4 s", "12.3 s", "2 min 05 s", "1 h 02 min".
std::string human_duration(Millis span);

}  // namespace bdaas
