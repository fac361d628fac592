#include "cli/follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fake_server.h"
#include "cli/sse.h"

namespace bdaas::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr RetryPolicy kQuick{5, Millis{1}, Millis{5}};

// ---- pieces ----

TEST(Sse, TakesEventsOutOfAnyPieces) {
  const std::string stream =
      ": hello\n\nid: 7\ndata: {\"a\":1}\n\nid:8\r\nevent: x\ndata: one\ndata: two\r\n\r\nid: "
      "9\n\n";
  for (std::size_t size = 1; size < stream.size(); ++size) {
    SseParser parser;
    std::vector<SseEvent> events;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      for (auto& event : parser.feed(stream.substr(at, size))) events.push_back(event);
    }
    ASSERT_EQ(events.size(), 2u) << size;
    EXPECT_EQ(events[0].id, "7");
    EXPECT_EQ(events[0].data, "{\"a\":1}");
    EXPECT_EQ(events[1].data, "one\ntwo");
  }
}

TEST(WholeUtf8, HoldsBackACutSequenceOnly) {
  EXPECT_EQ(whole_utf8(""), 0u);
  EXPECT_EQ(whole_utf8("ab"), 2u);
  EXPECT_EQ(whole_utf8("a\xC3"), 1u);
  EXPECT_EQ(whole_utf8("a\xC3\xA9"), 3u);
  EXPECT_EQ(whole_utf8("a\xE2\x80"), 1u);
  EXPECT_EQ(whole_utf8("a\xF0\x9F\x98"), 1u);
  EXPECT_EQ(whole_utf8("a\xF0\x9F\x98\x80"), 5u);
  EXPECT_EQ(whole_utf8("a\x80\x80\x80\x80\x80"), 6u);  // no UTF-8 at all: not held back for ever
}

// ---- against a server ----

class FollowTest : public testing::Test {
 protected:
  FakeServer& serve(FakeServer::Handler handler) {
    server_.emplace(std::move(handler));
    api_.emplace(Endpoint{server_->url(), Secret<std::string>("t0ken")});
    return *server_;
  }
  Result<> log(LogRequest request, const RetryPolicy& retry = kQuick) {
    return follow_log(
        *api_, request,
        [this](std::string text) {
          pieces_.push_back(std::move(text));
          return pieces_.size() < enough_;
        },
        control_, retry);
  }
  std::string text() const {
    std::string all;
    for (const auto& piece : pieces_) all += piece;
    return all;
  }

  std::optional<FakeServer> server_;
  std::optional<Api> api_;
  TaskControl control_;
  std::vector<std::string> pieces_;
  std::size_t enough_ = 1000;
};

TEST_F(FollowTest, ALogGoesOnWhereItBroke) {
  const std::string whole = "line 1\nline 2 é\nline 3\n";
  std::atomic<int> connections{0};
  serve([&](Exchange& exchange) {
    ++connections;
    const auto offset = std::stoul(exchange.target.substr(exchange.target.find("offset=") + 7));
    EXPECT_EQ(exchange.headers["authorization"], "Bearer t0ken");
    exchange.begin_chunks("text/plain");
    exchange.chunk(whole.substr(offset, 5));
    if (offset + 5 >= whole.size()) exchange.end_chunks();  // else the connection just closes
  });
  const auto end = log({StepId{"s-1"}, OutputStream::out, true, false});
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(text(), whole);
  EXPECT_EQ(connections, 5);
}

TEST_F(FollowTest, PiecesOfALogHoldWholeCharacters) {
  serve([&](Exchange& exchange) {
    exchange.begin_chunks("text/plain");
    exchange.chunk("a\xC3");
    exchange.chunk("\xA9");
    exchange.chunk("\xE2");  // and nothing more
    exchange.end_chunks();
  });
  ASSERT_TRUE(log({StepId{"s-1"}}).ok());
  EXPECT_EQ(text(), "a\xC3\xA9\xE2");
  for (const auto& piece : pieces_) EXPECT_NE(piece, "a\xC3");
}

TEST_F(FollowTest, ALogThatNobodyReadsEnds) {
  enough_ = 1;
  serve([](Exchange& exchange) {
    exchange.begin_chunks("text/plain");
    while (exchange.chunk("x\n")) {
    }
  });
  EXPECT_TRUE(log({StepId{"s-1"}}).ok());
  EXPECT_EQ(pieces_.size(), 1u);
}

TEST_F(FollowTest, AMissingStepIsSaidUnlessItIsWaitedFor) {
  std::atomic<int> asked{0};
  serve([&](Exchange& exchange) {
    if (++asked < 4) {
      exchange.answer(404, R"({"error":{"kind":"not_found","message":"there is no step s-1"}})");
    } else {
      exchange.answer(200, "here\n");
    }
  });
  const auto end = log({StepId{"s-1"}});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::not_found);
  EXPECT_EQ(end.error().message, "there is no step s-1");
  EXPECT_TRUE(log({StepId{"s-1"}, OutputStream::out, true, true}).ok());
  EXPECT_EQ(text(), "here\n");
}

TEST_F(FollowTest, GivesUpWhenNothingMovesAnyMore) {
  std::atomic<int> asked{0};
  serve([&](Exchange&) { ++asked; });
  const auto end = log({StepId{"s-1"}});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(asked, kQuick.attempts_max);
}

TEST_F(FollowTest, EventsGoOnAfterTheLastOneHeard) {
  const auto event = [](int seq) {
    return fmt::format(
        "id: {0}\ndata: {{\"seq\":{0},\"at\":\"2026-01-31T08:00:00.000Z\",\"kind\":\"jobs\","
        "\"subject\":\"j-1\",\"new_member\":1}}\n\n",
        seq);
  };
  std::vector<std::string> asked;
  std::mutex mutex;
  serve([&](Exchange& exchange) {
    int first = 1;
    {
      const std::lock_guard lock(mutex);
      asked.push_back(exchange.target);
      first = static_cast<int>(asked.size());
    }
    EXPECT_EQ(exchange.headers["accept"], "text/event-stream");
    exchange.begin_chunks("text/event-stream");
    exchange.chunk(event(first) + event(first + 1));  // the first is known already
  });
  std::vector<std::int64_t> heard;
  const auto sink = [&](const EventView& view) {
    heard.push_back(view.seq);
    return heard.size() < 4;
  };
  const auto end = follow_events(*api_, "j-1", 0, sink, control_, kQuick);
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_THAT(heard, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(asked, ElementsAre("/v1/events?after=0&subject=j-1", "/v1/events?after=2&subject=j-1",
                                 "/v1/events?after=3&subject=j-1"));
}

TEST_F(FollowTest, StopsWhenToldWhileNothingComes) {
  std::atomic<bool> connected{false};
  serve([&](Exchange& exchange) {
    exchange.begin_chunks("text/event-stream");
    connected = true;
    exchange.chunk(": nothing new\n\n");
    exchange.wait_for_end();
  });
  Task task([&](TaskControl& control) {
    const auto sink = [](const EventView&) { return true; };
    EXPECT_FALSE(follow_events(*api_, "", 0, sink, control, kRetryUntilStopped).ok());
  });
  while (!connected) std::this_thread::yield();
  task.stop();  // the destructor joins: this test would hang
}

}  // namespace
}  // namespace bdaas::cli
