// Answers that are longer than a moment: files, logs, events, a release's fetch.

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace bdaas::api {
namespace {

// ---- files ----

class ContentTest : public ApiTest {
 protected:
  ContentTest() {
    for (int i = 0; i < 300'000; ++i) content_ += static_cast<char>('a' + i % 26);
    const auto data =
        commands_.insert(user_, DataSet{.name = "Äpfel.txt", .sha256 = "feed"}).value();
    EXPECT_TRUE(write_file(dir_.data() / data.id.text, content_));
    path_ = "/v1/data/" + data.id.text + "/content";
  }
  TestAnswer ranged(std::string headers) {
    return ask({.path = path_, .headers = std::move(headers)});
  }

  std::string content_;
  std::string path_;
};

TEST_F(ContentTest, ComesWhole) {
  const auto answer = get(path_);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, content_);
  EXPECT_EQ(answer.header("etag"), "\"feed\"");
  EXPECT_EQ(answer.header("content-disposition"), "attachment; filename*=UTF-8''%C3%84pfel.txt");
}

TEST_F(ContentTest, ComesInParts) {
  const auto part = ranged("Range: bytes=100-199\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, content_.substr(100, 100));
  EXPECT_EQ(part.header("content-range"), "bytes 100-199/300000");
  EXPECT_EQ(ranged("Range: bytes=299990-\r\n").body, content_.substr(299'990));
  EXPECT_EQ(ranged("Range: bytes=-5\r\n").body, content_.substr(299'995));
  EXPECT_EQ(ranged("Range: bytes=0-1,5-6\r\n").status, 200);
  const auto outside = ranged("Range: bytes=300000-\r\n");
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(outside.header("content-range"), "bytes */300000");
}

TEST_F(ContentTest, APartOfAnotherContentIsNotGiven) {
  EXPECT_EQ(ranged("Range: bytes=0-9\r\nIf-Range: \"feed\"\r\n").status, 206);
  EXPECT_EQ(ranged("Range: bytes=0-9\r\nIf-Range: \"dead\"\r\n").status, 200);
}

TEST_F(ContentTest, HeadTellsItsLength) {
  const auto answer = ask({.method = "HEAD", .path = path_});
  EXPECT_EQ(answer.header("content-length"), "300000");
  EXPECT_EQ(answer.header("accept-ranges"), "bytes");
}

TEST_F(ContentTest, AGoneFileIsNotFound) {
  const auto empty = commands_.insert(user_, DataSet{.name = "none"}).value();
  EXPECT_EQ(get("/v1/data/" + empty.id.text + "/content").status, 404);
}

TEST_F(ContentTest, AClientThatStopsReadingHarmsNobody) {
  std::string big(64 << 20, 'x');
  const auto data = commands_.insert(user_, DataSet{.name = "big"}).value();
  ASSERT_TRUE(write_file(dir_.data() / data.id.text, big));
  std::vector<TestClient> lazy;
  for (int i = 0; i < 20; ++i) {
    lazy.push_back(client());
    ASSERT_TRUE(lazy.back().send(request({.path = "/v1/data/" + data.id.text + "/content"})));
  }
  EXPECT_EQ(get("/v1/info").status, 200);
  EXPECT_EQ(get(path_).body, content_);
}

TEST_F(ApiTest, AResultIsAnArchive) {
  const auto result =
      commands_.insert(user_, JobResult{.job = job(user_).id, .sha256 = "ab"}).value();
  ASSERT_TRUE(write_file(dir_.results() / (result.id.text + ".tar.gz"), "gzip"));
  const auto answer = get("/v1/results/" + result.id.text + "/archive");
  EXPECT_EQ(answer.body, "gzip");
  EXPECT_EQ(answer.header("content-type"), "application/gzip");
}

// ---- logs ----

class LogTest : public ApiTest {
 protected:
  void print(std::string_view text, bool end = false) {
    const auto have = spool_.state(step_.id, OutputStream::out);
    ASSERT_TRUE(spool_.append(step_.id, OutputStream::out, have.bytes, text, end));
  }
  void go_to(std::initializer_list<StepState> states) {
    ASSERT_TRUE(writer_.write([&]() -> Result<> {
      auto row = store_->get<Step>(step_.id).value();
      for (const auto state : states) {
        BDAAS_TRY(store_->transition(row, state, Reason::user_request, "user", "", clock_.now()));
      }
      return {};
    }));
    events_.notify();
  }
  std::string log(std::string_view query = "") const {
    return fmt::format("/v1/steps/{}/log{}", step_.id.text, query);
  }

  const Step step_ = step(user_);
};

TEST_F(LogTest, AreGivenAsFarAsTheyAre) {
  EXPECT_EQ(get(log()).body, "");
  print("one\ntwo\n");
  const auto answer = get(log());
  EXPECT_EQ(answer.body, "one\ntwo\n");
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(get(log("?offset=4")).body, "two\n");
  EXPECT_EQ(get(log("?offset=400")).body, "");
  EXPECT_EQ(get(log("?stream=stderr")).body, "");
}

TEST_F(LogTest, AreFollowedToTheirEnd) {
  print("one\n");
  auto follower = client();
  ASSERT_TRUE(follower.send(request({.path = log("?follow=true")})));
  EXPECT_EQ(follower.read_head().status, 200);
  EXPECT_NE(follower.read_until("one\n"), "");
  print("two\n");
  EXPECT_NE(follower.read_until("two\n"), "");
  print("bye\n", true);
  EXPECT_NE(follower.read_until("0\r\n\r\n").find("bye"), std::string::npos);
}

TEST_F(LogTest, AreFollowedWhileDriversHang) {
  const int slow_threads = HttpOptions{}.slow_threads;
  stages_.set_hang(true);
  std::vector<TestClient> askers;
  for (int i = 0; i < slow_threads; ++i) {
    askers.push_back(client());
    ASSERT_TRUE(
        askers.back().send(request({.path = fmt::format("/v1/steps/{}/stages", step_.id.text)})));
  }
  EXPECT_TRUE(stages_.wait_until_asked(slow_threads));
  print("one\n");
  const auto begin = std::chrono::steady_clock::now();
  auto follower = client();
  EXPECT_TRUE(follower.send(request({.path = log("?follow=true")})));
  EXPECT_NE(follower.read_until("one\n"), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  stages_.set_hang(false);
  for (auto& asker : askers) EXPECT_EQ(asker.read_answer().status, 200);
}

TEST_F(LogTest, OfAStepThatNeverRanEnd) {
  auto follower = client();
  ASSERT_TRUE(follower.send(request({.path = log("?follow=true")})));
  EXPECT_EQ(follower.read_head().status, 200);
  go_to({StepState::cancelling, StepState::cancelled});
  EXPECT_NE(follower.read_until("0\r\n\r\n"), "");
}

TEST_F(LogTest, OfAStepThatWasRefusedByTheEngineEndAtOnce) {
  ASSERT_TRUE(
      commands_.change<Step>(user_, step_.id, [&](Step& row) { row.started_at = clock_.now(); }));
  go_to({StepState::waiting_for_cluster, StepState::starting, StepState::failed});
  EXPECT_EQ(get(log("?follow=true")).body, "");
}

// ---- events ----

TEST_F(ApiTest, EventsAreListedInPages) {
  const auto mine = job(user_);
  job(user_);
  const auto page = read<Page<HistoryRow>>(get("/v1/events?limit=1"));
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].subject, mine.id.text);
  ASSERT_TRUE(page.next);
  EXPECT_EQ(read<Page<HistoryRow>>(get("/v1/events?after=" + *page.next)).items.size(), 1u);
  EXPECT_EQ(read<Page<HistoryRow>>(get("/v1/events?subject=" + mine.id.text)).items.size(), 1u);
}

TEST_F(ApiTest, EventsComeLive) {
  const auto first = job(user_);
  auto live = client();
  ASSERT_TRUE(
      live.send(request({.path = "/v1/events", .headers = "Accept: text/event-stream\r\n"})));
  EXPECT_EQ(live.read_head().header("content-type"), "text/event-stream");
  const auto seen = live.read_until("\n\n");
  EXPECT_NE(seen.find("id: 1\ndata: {\"seq\":1,"), std::string::npos) << seen;
  EXPECT_NE(seen.find(first.id.text), std::string::npos);
  job(other_);
  const auto second = job(user_);
  events_.notify();
  const auto then = live.read_until("\n\n");
  EXPECT_NE(then.find(second.id.text), std::string::npos) << then;
  EXPECT_NE(then.find("id: 3\n"), std::string::npos) << "events of others are not shown";
}

TEST_F(ApiTest, ABrowserTakesEventsUpWhereItWas) {
  job(user_);
  const auto second = job(user_);
  auto live = client();
  ASSERT_TRUE(live.send(request(
      {.path = "/v1/events", .headers = "Accept: text/event-stream\r\nLast-Event-ID: 1\r\n"})));
  live.read_head();
  EXPECT_NE(live.read_until("\n\n").find(second.id.text), std::string::npos);
  EXPECT_EQ(ask({.path = "/v1/events", .headers = "Last-Event-ID: x\r\n"}).status, 400);
}

TEST_F(ApiTest, HundredsFollowEventsWithoutAThreadEach) {
  get("/v1/info");
  const auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
  };
  const auto before = threads();
  std::vector<TestClient> live;
  for (int i = 0; i < 300; ++i) {
    live.push_back(client());
    ASSERT_TRUE(live.back().send(
        request({.path = "/v1/events", .headers = "Accept: text/event-stream\r\n"})));
  }
  for (auto& one : live) ASSERT_EQ(one.read_head().status, 200);
  EXPECT_EQ(threads(), before);
  const auto news = job(user_);
  events_.notify();
  for (auto& one : live) EXPECT_NE(one.read_until("\n\n").find(news.id.text), std::string::npos);
}

// ---- fetching a release ----

TEST_F(ApiTest, AFetchTellsHowItGoes) {
  auto one = client();
  ASSERT_TRUE(one.send(request({.method = "POST", .path = "/v1/releases/bdaas-1/fetch"})));
  EXPECT_EQ(one.read_head().header("content-type"), "application/x-ndjson");
  EXPECT_NE(one.read_until("}\n").find(R"({"line":"hadoop: 1 of 2 MB"})"), std::string::npos);
  auto two = client();  // joins the same fetch, and hears it from the first line
  ASSERT_TRUE(two.send(request({.method = "POST", .path = "/v1/releases/bdaas-1/fetch"})));
  two.read_head();
  EXPECT_NE(two.read_until("}\n").find("1 of 2"), std::string::npos);
  releases_.let_end();
  EXPECT_NE(one.read_until(R"({"ok":true})").find("2 of 2"), std::string::npos);
  EXPECT_NE(two.read_until(R"({"ok":true})").find("2 of 2"), std::string::npos);
  EXPECT_EQ(releases_.fetches, 1);
}

TEST_F(ApiTest, AFetchThatFailsSaysWhy) {
  releases_.failure = "the registry does not answer";
  releases_.let_end();
  const auto body = post("/v1/releases/bdaas-1/fetch").body;
  EXPECT_NE(
      body.find(R"({"error":{"kind":"unavailable","message":"the registry does not answer"}})"),
      std::string::npos)
      << body;
}

}  // namespace
}  // namespace bdaas::api
