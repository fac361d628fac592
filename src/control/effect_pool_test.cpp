#include "control/effect_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>

namespace bdaas {
namespace {

EffectCall call_of(Lane lane, std::function<void()> work) {
  EffectCall call;
  call.lane = lane;
  call.cancel = std::make_shared<std::atomic<bool>>(false);
  call.run = [work = std::move(work)] {
    work();
    return Outcome{};
  };
  return call;
}

TEST(EffectPool, CallsThatGoOnTogetherAreUnderWayTogether) {
  constexpr int kCalls = 40;
  std::latch all(kCalls);
  std::atomic<int> done = 0;
  std::promise<void> ended;
  EffectPool pool({.short_threads = 1, .long_threads = 1}, [&](Outcome) {
    if (++done == kCalls) ended.set_value();
  });
  for (int i = 0; i < kCalls; ++i) {
    pool.start(call_of(Lane::with_others, [&] { all.arrive_and_wait(); }));
  }
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(EffectPool, TransfersKeepNoShortCallWaiting) {
  std::promise<void> go;
  auto may_end = go.get_future().share();
  std::promise<void> answered;
  EffectPool pool({.short_threads = 1, .long_threads = 1}, [](Outcome) {});
  for (int i = 0; i < 3; ++i) pool.start(call_of(Lane::transfer, [&] { may_end.wait(); }));
  pool.start(call_of(Lane::brief, [&] { answered.set_value(); }));
  EXPECT_EQ(answered.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  go.set_value();
}

TEST(EffectPool, ItsEndCancelsWhatTakesLong) {
  std::atomic<int> cancelled = 0;
  std::latch running(2);
  {
    EffectPool pool({.short_threads = 1, .long_threads = 1}, [](Outcome) {});
    for (const auto lane : {Lane::transfer, Lane::with_others}) {
      auto call = call_of(lane, [] {});
      call.run = [&, cancel = call.cancel] {
        running.count_down();
        cancel->wait(false);
        ++cancelled;
        return Outcome{};
      };
      pool.start(std::move(call));
    }
    running.wait();
  }
  EXPECT_EQ(cancelled, 2);
}

}  // namespace
}  // namespace bdaas
