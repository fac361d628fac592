#include "transport/link_loop.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <future>

namespace bdaas {
namespace {

using Steady = std::chrono::steady_clock;

const NodeId kNode{"n-1"};

// The agent's end of one link, written and read by the test.
class FakeAgent {
 public:
  explicit FakeAgent(UniqueFd fd) : fd_(std::move(fd)) {}

  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // hung up on; the test looks at that
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void hello(const std::string& node = kNode.text) {
    Hello hello;
    hello.node = NodeId{node};
    hello.boot = "boot";
    say(write_report(hello));
  }
  std::string read_line() {
    std::string line;
    char c = 0;
    while (::recv(fd_.get(), &c, 1, 0) == 1 && c != '\n') line += c;
    return line;
  }
  bool is_hung_up() {
    char c = 0;
    return ::recv(fd_.get(), &c, 1, 0) <= 0;
  }

 private:
  UniqueFd fd_;
};

// Hands the loop socket pairs and collects its events.
class LinkLoopTest : public testing::Test {
 protected:
  LinkLimits quick() {
    LinkLimits limits;
    limits.first_backoff = Millis{1};
    limits.last_backoff = Millis{4};
    limits.hello_time = Millis{2'000};
    return limits;
  }

  void start(LinkLimits limits) {
    loop_ = std::make_unique<LinkLoop>([this](const Machine&) { return dial(); }, entropy_, limits);
    loop_->on_event([this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
    loop_->open(kNode, Machine{});
  }

  Result<UniqueFd> dial() {
    const std::lock_guard lock(mutex_);
    ++dials_;
    changed_.notify_all();
    if (refusing_) return fail(ErrorKind::unavailable, "nobody there");
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    const timeval limit{10, 0};  // a lost message fails the test instead of hanging it
    ::setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    UniqueFd ours(ends[0]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    agents_.emplace_back(UniqueFd(ends[1]));
    return ours;
  }

  bool wait_until(const std::function<bool()>& holds) {
    const auto deadline = Steady::now() + std::chrono::seconds(10);
    std::unique_lock lock(mutex_);
    while (!holds()) {
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return false;
    }
    return true;
  }

  FakeAgent& agent(std::size_t number) {
    EXPECT_TRUE(wait_until([&] { return agents_.size() > number; }));
    const std::lock_guard lock(mutex_);
    return agents_[number];
  }

  std::vector<LinkEvent> events(std::size_t count) {
    EXPECT_TRUE(wait_until([&] {
      for (auto& event : loop_->drain()) events_.push_back(std::move(event));
      return events_.size() >= count;
    }));
    return std::exchange(events_, {});
  }

  SystemEntropy entropy_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FakeAgent> agents_;
  std::vector<LinkEvent> events_;
  int dials_ = 0;
  bool refusing_ = false;
  std::unique_ptr<LinkLoop> loop_;  // last: its thread uses the rest
};

TEST_F(LinkLoopTest, HelloBringsTheLinkUpAndReportsFollowInOrder) {
  start(quick());
  agent(0).hello();
  DaemonsReport first;
  first.seq = 1;
  DaemonsReport second;
  second.seq = 2;
  agent(0).say(write_report(first) + write_report(second));
  const auto got = events(3);
  ASSERT_TRUE(std::holds_alternative<LinkUp>(got[0]));
  EXPECT_EQ(seq_of(std::get<LinkReport>(got[1]).report), 1);
  EXPECT_EQ(seq_of(std::get<LinkReport>(got[2]).report), 2);
}

// As at the manager's end: who was woken is gone, the links are not.
TEST_F(LinkLoopTest, TakingTheWakeBackWaitsForACallUnderWay) {
  start(quick());
  std::atomic<bool> over = false;
  std::promise<void> begun;
  loop_->on_event([&] {
    begun.set_value();
    for (int i = 0; i < 20'000; ++i) std::this_thread::yield();
    over = true;
  });
  agent(0).hello();
  begun.get_future().wait();
  loop_->on_event({});
  EXPECT_TRUE(over);
}

TEST_F(LinkLoopTest, OrdersArriveOnlyWhileUp) {
  start(quick());
  EXPECT_FALSE(loop_->send(kNode, Ack{5}));
  EXPECT_FALSE(loop_->send(NodeId{"n-other"}, Ack{5}));
  agent(0).hello();
  events(1);
  EXPECT_TRUE(loop_->send(kNode, Ack{5}));
  const auto order = read_order(agent(0).read_line());
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(std::get<Ack>(*order).seq, 5);
}

TEST_F(LinkLoopTest, DialsAgainAfterABreak) {
  start(quick());
  agent(0).hello();
  events(1);
  {
    const std::lock_guard lock(mutex_);
    agents_[0] = FakeAgent(UniqueFd());
  }
  const auto down = events(1);
  EXPECT_TRUE(std::holds_alternative<LinkDown>(down[0]));
  agent(1).hello();
  EXPECT_TRUE(std::holds_alternative<LinkUp>(events(1)[0]));
}

TEST_F(LinkLoopTest, KeepsDiallingWhoDoesNotAnswerWithBackoff) {
  refusing_ = true;
  LinkLimits limits = quick();
  limits.first_backoff = Millis{20};
  limits.last_backoff = Millis{80};
  const auto begin = Steady::now();
  start(limits);
  ASSERT_TRUE(wait_until([&] { return dials_ >= 4; }));
  // 20 + 40 + 80 ms at three quarters.
  EXPECT_GE(Steady::now() - begin, Millis{105});
}

TEST_F(LinkLoopTest, AnotherNodesAgentIsRefused) {
  start(quick());
  agent(0).hello("n-2");
  EXPECT_TRUE(agent(0).is_hung_up());
  EXPECT_THAT(loop_->drain(), testing::IsEmpty());
}

TEST_F(LinkLoopTest, ReportsBeforeHelloAreRefused) {
  start(quick());
  agent(0).say(write_report(LeaseRenewed{}));
  EXPECT_TRUE(agent(0).is_hung_up());
}

TEST_F(LinkLoopTest, WhatIsNoMessageIsHungUpOn) {
  start(quick());
  std::size_t number = 0;
  for (const std::string bad : {"\n", "{}\n", "[[[[\n", "{\"type\":\"hello\"}\n", "\xff\xfe\n"}) {
    agent(number).say(bad);
    EXPECT_TRUE(agent(number).is_hung_up()) << bad;
    ++number;
  }
}

TEST_F(LinkLoopTest, AnEndlessLineIsHungUpOn) {
  start(quick());
  const std::string megabyte(1u << 20, 'x');
  for (int i = 0; i < 17; ++i) agent(0).say(megabyte);
  EXPECT_TRUE(agent(0).is_hung_up());
}

TEST_F(LinkLoopTest, SilenceIsHungUpOn) {
  LinkLimits limits = quick();
  limits.hello_time = Millis{20};
  start(limits);
  EXPECT_TRUE(agent(0).is_hung_up());
}

TEST_F(LinkLoopTest, AClosedNodeIsNotDialledAgain) {
  start(quick());
  agent(0).hello();
  events(1);
  loop_->close(kNode);
  EXPECT_TRUE(agent(0).is_hung_up());
  EXPECT_FALSE(loop_->send(kNode, Ack{1}));
}

TEST_F(LinkLoopTest, OpeningTwiceIsOneLink) {
  start(quick());
  loop_->open(kNode, Machine{});
  agent(0).hello();
  EXPECT_EQ(events(1).size(), 1u);
  EXPECT_EQ(dials_, 1);
}

TEST_F(LinkLoopTest, ReadsNoMoreThanItMayKeep) {
  LinkLimits limits = quick();
  limits.undrained_bytes_max = 64 * 1024;
  start(limits);
  agent(0).hello();
  // A sender that never stops: it blocks as soon as the loop stops reading, until drain() makes
  // room.
  std::thread sender([&, line = write_report(LeaseRenewed{})] {
    std::string block;
    while (block.size() < 256 * 1024) block += line;
    for (int i = 0; i < 16; ++i) agents_[0].say(block);
  });
  std::size_t total = 0;
  std::size_t most = 0;
  const auto line_bytes = write_report(LeaseRenewed{}).size();
  while (total < 16 * (256 * 1024 / line_bytes)) {
    ASSERT_TRUE(wait_until([&] {
      events_ = loop_->drain();
      return !events_.empty();
    }));
    most = std::max(most, events_.size());
    total += std::exchange(events_, {}).size();
  }
  sender.join();
  EXPECT_LT(most, (64 * 1024 + 128 * 1024) / line_bytes + 1);
}

TEST_F(LinkLoopTest, OrdersNobodyReadsAreBounded) {
  LinkLimits limits = quick();
  limits.unsent_bytes_max = 1u << 20;
  start(limits);
  agent(0).hello();
  events(1);
  ApplyPlan order;
  order.plan.files.push_back({"/x", std::string(300'000, 'x')});
  int taken = 0;
  while (taken < 100 && loop_->send(kNode, order)) ++taken;
  EXPECT_LT(taken, 20);  // the socket's own buffer takes one or two
  EXPECT_GE(taken, 3);
}

}  // namespace
}  // namespace bdaas
