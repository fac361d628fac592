#include "control/control_thread.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

// Wakes without a pause, from a thread of its own, until it is destroyed.
class EagerLinks final : public NodeLinks {
 public:
  EagerLinks() : thread_([this] { run(); }) {}
  ~EagerLinks() override {
    ending_ = true;
    thread_.join();
  }
  void open(const NodeId&, const Machine&) override {}
  void close(const NodeId&) override {}
  bool send(const NodeId&, const Order&) override { return false; }
  std::vector<LinkEvent> drain() override { return {}; }
  void on_event(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    set_ = wake_ != nullptr;
  }

  bool is_set() const { return set_; }
  int calls() const { return calls_; }

 private:
  void run() {
    while (!ending_) {
      const std::lock_guard lock(mutex_);
      if (!wake_) continue;
      wake_();
      ++calls_;
    }
  }

  std::atomic<bool> ending_ = false;
  std::atomic<bool> set_ = false;
  std::atomic<int> calls_ = 0;
  std::mutex mutex_;
  std::function<void()> wake_;  // guarded by mutex_
  std::thread thread_;
};

// The links are built before the control thread, so they outlive it.
TEST(ControlThread, TheLinksDoNotWakeOneThatIsGone) {
  const auto dir = TempDir::make().value();
  const auto store = Store::open(dir.path() / "rows.db").value();
  SystemClock clock;
  EagerLinks links;
  {
    Seams seams;
    seams.links = &links;
    seams.state_dir = StateDir{dir.path()};
    std::atomic<int> turns = 0;
    ControlThread::Options options;
    options.on_commit = [&] { ++turns; };
    ControlThread control(*store, seams, clock, Log(), std::move(options));
    ASSERT_TRUE(control.start().ok());
    EXPECT_TRUE(links.is_set());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while ((turns < 3 || links.calls() < 3) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_GE(links.calls(), 3);
    EXPECT_GE(turns, 3);
  }
  EXPECT_FALSE(links.is_set());
}

}  // namespace
}  // namespace bdaas
