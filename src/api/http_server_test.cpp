// The server over real sockets, with a small service that stands for the API.

#include "api/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/test_client.h"

namespace bdaas::api {
namespace {

using namespace std::chrono_literals;

// Gives what is fed to it; ends when told.
class Feed {
 public:
  void put(std::string text, bool end = false) {
    const std::lock_guard lock(mutex_);
    pending_ += text;
    ended_ |= end;
    if (wake_) wake_();
  }
  BodyPiece take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(pending_, {}), ended_};
  }
  void listen(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    changed_.notify_all();
  }
  // Until a source listens, or none does any more.
  bool wait_for_listener(bool listening) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return (wake_ != nullptr) == listening; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string pending_;
  bool ended_ = false;
  std::function<void()> wake_;
};

class FeedSource final : public BodySource {
 public:
  explicit FeedSource(Feed& feed) : feed_(feed) {}
  ~FeedSource() override { feed_.listen(nullptr); }
  BodyPiece pull() override { return feed_.take(); }
  void on_wake(std::function<void()> wake) override { feed_.listen(std::move(wake)); }
  std::string_view heartbeat() const override { return "beat;"; }

 private:
  Feed& feed_;
};

class CountingSink final : public BodySink {
 public:
  CountingSink(std::uint64_t refuse_after, std::atomic<int>& broken_off)
      : refuse_after_(refuse_after), broken_off_(broken_off) {}
  ~CountingSink() override {
    if (!finished_) ++broken_off_;
  }
  std::optional<HttpResponse> write(std::string_view bytes) override {
    bytes_ += bytes.size();
    if (bytes_ > refuse_after_) return HttpResponse{.status = 409, .body = "enough"};
    return std::nullopt;
  }
  HttpResponse finish() override {
    finished_ = true;
    return {.status = 200, .body = std::to_string(bytes_)};
  }

 private:
  std::uint64_t refuse_after_;
  std::atomic<int>& broken_off_;
  std::uint64_t bytes_ = 0;
  bool finished_ = false;
};

class TestService final : public HttpService {
 public:
  std::variant<HttpResponse, Admission> admit(const HttpRequest& head) override {
    if (head.path == "/refused") return HttpResponse{.status = 403, .body = "no"};
    if (head.path == "/sink") {
      Admission made{.lane = Lane::slow, .max_body_bytes = 64 << 20};
      const auto refuse_after = head.query == "small" ? 1000u : 64u << 20;
      made.open = [this, refuse_after](const HttpRequest&) {
        return std::make_unique<CountingSink>(refuse_after, broken_off);
      };
      return made;
    }
    if (head.path == "/closed-sink") {
      Admission made{.max_body_bytes = 64 << 20};
      made.open = [](const HttpRequest&) { return HttpResponse{.status = 404, .body = "none"}; };
      return made;
    }
    Admission made{.max_body_bytes = 100'000};
    if (head.path == "/far") {
      made.lane = Lane::far;
      const std::lock_guard lock(mutex_);
      ++far_admitted_;
      changed_.notify_all();
    }
    made.answer = [this](const HttpRequest& request) { return answer(request); };
    return made;
  }

  HttpResponse refuse(int status, std::string_view sentence) override {
    return {.status = status, .body = std::string(sentence)};
  }
  void seal(const HttpRequest&, HttpResponse&) override {}

  // Until so many requests to "/far", each of which takes a second, have come.
  bool wait_for_far(int admitted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return far_admitted_ >= admitted; });
  }

  Feed feed;
  std::atomic<int> broken_off = 0;
  std::atomic<int> far_begun = 0;

 private:
  HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/throw") throw std::runtime_error("planted");
    if (request.path == "/far") {
      ++far_begun;
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, 1s, [] { return false; });
    }
    HttpResponse response;
    if (request.path == "/feed") {
      response.source = std::make_unique<FeedSource>(feed);
    } else if (request.path == "/short") {  // promises more than it gives
      response.source = std::make_unique<FeedSource>(feed);
      response.length = 1000;
    } else {
      response.body =
          request.method + " " + request.path + "?" + request.query + " " + request.body;
    }
    return response;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int far_admitted_ = 0;  // guarded by mutex_
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    HttpOptions options;
    options.limits = limits;
    server_ = HttpServer::start(options, service_).value();
  }
  TestClient client() {
    if (!server_) start();
    return TestClient(server_->port());
  }
  std::string body_of(std::string_view request) { return client().ask(request).body; }
  // A client may see its connection end a moment before the sink is gone.
  bool one_broke_off() const {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (service_.broken_off != 1 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    return service_.broken_off == 1;
  }

  TestService service_;
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kHost = "Host: localhost\r\n";

std::string get(std::string_view path, std::string_view more = "") {
  return fmt::format("GET {} HTTP/1.1\r\n{}{}\r\n", path, kHost, more);
}

std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return fmt::format("POST {} HTTP/1.1\r\n{}Content-Length: {}\r\n{}\r\n{}", path, kHost,
                     body.size(), more, body);
}

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  auto one = client();
  EXPECT_EQ(one.ask(get("/a?x=1")).body, "GET /a?x=1 ");
  EXPECT_EQ(one.ask(post("/b", "hello")).body, "POST /b? hello");
  const auto last = one.ask(get("/c", "Connection: close\r\n"));
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(one.ended());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  auto one = client();
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += i % 2 ? get(fmt::format("/{}", i)) : post(fmt::format("/{}", i), "x");
  ASSERT_TRUE(one.send(many));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(one.read_answer().body,
              fmt::format("{} /{}? {}", i % 2 ? "GET" : "POST", i, i % 2 ? "" : "x"));
  }
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  auto one = client();
  for (const char byte : post("/slow", "body")) ASSERT_TRUE(one.send({&byte, 1}));
  EXPECT_EQ(one.read_answer().body, "POST /slow? body");
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  const auto head = fmt::format("POST /c HTTP/1.1\r\n{}Transfer-Encoding: chunked\r\n\r\n", kHost);
  EXPECT_EQ(body_of(head + "3\r\nabc\r\n2;name=value\r\nde\r\n0\r\nTrailer: x\r\n\r\n"),
            "POST /c? abcde");
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  auto one = client();
  const auto answer = one.ask(fmt::format("HEAD /h HTTP/1.1\r\n{}\r\n", kHost));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "9");
  EXPECT_EQ(one.ask(get("/next")).body, "GET /next? ");
}

TEST_F(HttpServerTest, SpeaksToOldClients) {
  auto one = client();
  const auto answer = one.ask("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.body, "GET /old? ");
  EXPECT_TRUE(one.ended());
  auto two = client();
  service_.feed.put("all", true);
  const auto streamed = two.ask("GET /feed HTTP/1.0\r\n\r\n");
  EXPECT_EQ(streamed.body, "all");
  EXPECT_EQ(streamed.header("transfer-encoding"), "");
}

// What no well-behaved client sends: each gets an answer of its own kind or a closed connection,
// never a 500, and the server lives on.
TEST_F(HttpServerTest, RefusesMalformedRequests) {
  const std::string long_header = "X: " + std::string(20'000, 'a') + "\r\n";
  const std::string many_headers = [] {
    std::string all;
    for (int i = 0; i < 2000; ++i) all += fmt::format("X-{}: y\r\n", i);
    return all;
  }();
  struct Case {
    std::string request;
    int status;  // 0: the connection is just closed
  };
  const std::vector<Case> cases{
      {"\r\n\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/9.9\r\n\r\n", 505},
      {"GET / HTTP/1.1\nHost: a\n\n", 505},
      {"G\x01T / HTTP/1.1\r\n\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n no-name\r\n: x\r\n\r\n", 400},
      {get("/", long_header), 431},
      {get("/", many_headers), 431},
      {"GET /" + std::string(30'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
      {get("/", "Expect: 200-ok\r\n"), 417},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", 413},
      {post("/", std::string(100'001, 'a')), 413},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n", 400},
      {std::string(100'000, '\0'), 400},
  };
  for (const auto& [request, status] : cases) {
    const auto answer = client().ask(request);
    EXPECT_EQ(answer.status, status) << request.substr(0, 100) << "\n" << answer.body;
  }
  EXPECT_EQ(body_of(get("/alive")), "GET /alive? ");
}

TEST_F(HttpServerTest, ACutRequestIsForgotten) {
  const auto whole = post("/x", "0123456789");
  for (std::size_t cut = 0; cut < whole.size(); cut += 7) {
    auto one = client();
    ASSERT_TRUE(one.send(whole.substr(0, cut)));
    one.hang_up();
  }
  EXPECT_EQ(body_of(get("/alive")), "GET /alive? ");
}

TEST_F(HttpServerTest, AnExceptionIsAnAnswerAndALogLine) {
  const auto answer = client().ask(get("/throw"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("planted"), std::string::npos);
}

TEST_F(HttpServerTest, SaysContinueBeforeTheBodyAndNotWhenItRefuses) {
  const std::string expect = "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  auto one = client();
  ASSERT_TRUE(one.send(fmt::format("POST /a HTTP/1.1\r\n{}{}", kHost, expect)));
  EXPECT_EQ(one.read_head().status, 100);
  ASSERT_TRUE(one.send("hello"));
  EXPECT_EQ(one.read_answer().body, "POST /a? hello");
  for (const auto* path : {"/refused", "/closed-sink"}) {
    auto two = client();
    ASSERT_TRUE(two.send(fmt::format("POST {} HTTP/1.1\r\n{}{}", path, kHost, expect)));
    EXPECT_NE(two.read_head().status, 100) << path;
  }
}

TEST_F(HttpServerTest, StreamsLongBodiesIntoSinks) {
  const std::string body(10 << 20, 'x');
  auto one = client();
  EXPECT_EQ(one.ask(post("/sink", body)).body, std::to_string(body.size()));
  EXPECT_EQ(one.ask(post("/sink", "")).body, "0");
  EXPECT_EQ(service_.broken_off, 0);
}

TEST_F(HttpServerTest, ASinkMayRefuseHalfway) {
  auto one = client();
  one.send(post("/sink?small", std::string(8 << 20, 'x')));
  const auto answer = one.read_answer();
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(HttpServerTest, ASinkLearnsThatItsBodyBrokeOff) {
  auto one = client();
  ASSERT_TRUE(
      one.send(fmt::format("POST /sink HTTP/1.1\r\n{}Content-Length: 100\r\n\r\nabc", kHost)));
  one.hang_up();
  EXPECT_TRUE(one_broke_off());
}

TEST_F(HttpServerTest, ARefusalKeepsTheConnectionWhenTheBodyIsShort) {
  auto one = client();
  EXPECT_EQ(one.ask(post("/refused", "short")).status, 403);
  EXPECT_EQ(one.ask(get("/next")).body, "GET /next? ");
  EXPECT_EQ(one.ask(post("/refused", std::string(90'000, 'x'))).status, 403);
  EXPECT_TRUE(one.ended());
}

TEST_F(HttpServerTest, ASourceWakesItsReader) {
  auto one = client();
  ASSERT_TRUE(one.send(get("/feed")));
  EXPECT_EQ(one.read_head().header("transfer-encoding"), "chunked");
  ASSERT_TRUE(service_.feed.wait_for_listener(true));
  for (int i = 0; i < 20; ++i) {
    service_.feed.put(fmt::format("<{}>", i));
    EXPECT_NE(one.read_until(fmt::format("<{}>", i)), "");
  }
  service_.feed.put("bye", true);
  EXPECT_NE(one.read_until("0\r\n\r\n").find("bye"), std::string::npos);
  EXPECT_EQ(one.ask(get("/next")).body, "GET /next? ");
}

TEST_F(HttpServerTest, TheNextRequestWaitsBehindAStream) {
  auto one = client();
  ASSERT_TRUE(one.send(get("/feed") + get("/next")));
  ASSERT_TRUE(service_.feed.wait_for_listener(true));
  service_.feed.put("end", true);
  EXPECT_EQ(one.read_answer().body, "end");
  EXPECT_EQ(one.read_answer().body, "GET /next? ");
}

TEST_F(HttpServerTest, AWaitingSourceIsFreedWhenItsClientLeaves) {
  auto one = client();
  ASSERT_TRUE(one.send(get("/feed")));
  one.read_head();
  ASSERT_TRUE(service_.feed.wait_for_listener(true));
  one.hang_up();
  EXPECT_TRUE(service_.feed.wait_for_listener(false));
}

TEST_F(HttpServerTest, ASilentSourceBeats) {
  HttpLimits limits;
  limits.heartbeat = 20ms;
  start(limits);
  auto one = client();
  ASSERT_TRUE(one.send(get("/feed")));
  EXPECT_NE(one.read_until("beat;").find("beat;"), std::string::npos);
  EXPECT_NE(one.read_until("beat;").find("beat;"), std::string::npos);
}

TEST_F(HttpServerTest, AShortSourceCutsTheConnection) {
  service_.feed.put("too little", true);
  const auto answer = client().ask(get("/short"));
  EXPECT_EQ(answer.body, "too little");
  EXPECT_FALSE(answer.whole);
}

TEST_F(HttpServerTest, SlowClientsAreLetGo) {
  HttpLimits limits;
  limits.idle = limits.head = limits.body = limits.small_body = 50ms;
  start(limits);
  auto idle = client();
  EXPECT_TRUE(idle.ended());
  auto in_head = client();
  ASSERT_TRUE(in_head.send("GET / HTTP/1.1\r\nHo"));
  EXPECT_NE(in_head.read_answer().status, 200);
  auto in_body = client();
  ASSERT_TRUE(in_body.send(fmt::format("POST / HTTP/1.1\r\n{}Content-Length: 9\r\n\r\na", kHost)));
  EXPECT_NE(in_body.read_answer().status, 200);
  auto in_sink = client();
  ASSERT_TRUE(
      in_sink.send(fmt::format("POST /sink HTTP/1.1\r\n{}Content-Length: 9\r\n\r\na", kHost)));
  EXPECT_NE(in_sink.read_answer().status, 200);
  EXPECT_TRUE(one_broke_off());
}

TEST_F(HttpServerTest, RefusesMoreConnectionsThanAllowed) {
  HttpLimits limits;
  limits.connections = 3;
  start(limits);
  std::vector<TestClient> some;
  for (int i = 0; i < 3; ++i) {
    some.push_back(client());
    EXPECT_EQ(some.back().ask(get("/")).status, 200);
  }
  EXPECT_EQ(client().read_answer().status, 503);
  some.pop_back();
  // The place is free as soon as the server has seen the end; until then it refuses.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  int status = 503;
  while (status != 200 && std::chrono::steady_clock::now() < deadline)
    status = client().ask(get("/")).status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, StopsWhileClientsWait) {
  auto idle = client();
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  auto following = client();
  ASSERT_TRUE(following.send(get("/feed")));
  ASSERT_TRUE(service_.feed.wait_for_listener(true));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_TRUE(idle.ended());
  server_->stop();  // again is harmless
}

TEST_F(HttpServerTest, StopsWithoutTheWorkThatWaits) {
  HttpOptions options;
  options.far_threads = 1;
  options.limits.stop_grace = 100ms;
  server_ = HttpServer::start(options, service_).value();
  std::vector<TestClient> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(client());
    ASSERT_TRUE(waiting.back().send(get("/far")));
  }
  ASSERT_TRUE(service_.wait_for_far(5));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, options.limits.stop_grace + 1500ms);
  EXPECT_LT(service_.far_begun, 5);
}

TEST_F(HttpServerTest, SaysWhenItCannotListen) {
  start();
  HttpOptions options;
  options.port = server_->port();
  const auto second = HttpServer::start(options, service_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  options.address = "not an address";
  EXPECT_EQ(HttpServer::start(options, service_).error().kind, ErrorKind::invalid_argument);
}

int threads_of_this_process() {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/task"))
    count += entry.exists() ? 1 : 0;
  return count;
}

TEST_F(HttpServerTest, FollowersCostNoThread) {
  start();
  const int before = threads_of_this_process();
  std::vector<TestClient> followers;
  for (int i = 0; i < 200; ++i) {
    followers.push_back(client());
    ASSERT_TRUE(followers.back().send(get("/feed")));
    ASSERT_EQ(followers.back().read_head().status, 200);
  }
  EXPECT_EQ(threads_of_this_process(), before);
}

}  // namespace
}  // namespace bdaas::api
