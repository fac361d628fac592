#include "service/page_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>

#include "net/http_test_server.h"

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

// Pulls as the HTTP server does: a pull that gave nothing is repeated after a wake-up.
std::string read_whole(PageAnswer& answer, bool* broken = nullptr) {
  if (!answer.stream) return answer.body;
  std::mutex mutex;
  std::condition_variable woken;
  bool wake = false;
  answer.stream->on_wake([&] {
    const std::lock_guard lock(mutex);
    wake = true;
    woken.notify_all();
  });
  std::string whole;
  for (;;) {
    auto piece = answer.stream->pull();
    whole += piece.bytes;
    if (broken != nullptr) *broken = piece.broken;
    if (piece.end || piece.broken) break;
    std::unique_lock lock(mutex);
    if (piece.bytes.empty()) woken.wait_for(lock, std::chrono::seconds(5), [&] { return wake; });
    wake = false;
  }
  answer.stream.reset();
  return whole;
}

class PageFetchTest : public ::testing::Test {
 protected:
  PageTarget target(const HttpTestServer& server, const std::string& path) {
    return {.url = fmt::format("http://c-master:{}{}", server.port(), path),
            .hosts = std::make_shared<HostMap>(
                HostMap{.addresses = {{"c-master", "127.0.0.1"}}, .dial = {}}),
            .links = {"/p/nn", {{fmt::format("c-master:{}", server.port()), "/p/nn"}}}};
  }
  Result<PageAnswer> get(const HttpTestServer& server, PageRequest request = {.target = "/"}) {
    return fetch_page(client_, target(server, request.target), request);
  }

  std::shared_ptr<HttpClient> client_ = std::make_shared<HttpClient>();
};

HttpTestServer::Handler answering(int status, std::string body, std::string headers) {
  return HttpTestServer::each(
      [=](HttpTestServer::Connection& to, const auto&) { to.answer(status, body, headers); });
}

TEST_F(PageFetchTest, HtmlIsTurnedAndCookiesStayBehind) {
  HttpTestServer server(answering(200, "<a href='/jmx'>x</a>",
                                  "Content-Type: text/html; charset=utf-8\r\nSet-Cookie: a=b\r\n"));
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->headers,
              ::testing::ElementsAre(Pair("Content-Type", "text/html; charset=utf-8")));
  EXPECT_FALSE(answer->length);
  EXPECT_EQ(read_whole(*answer), "<a href='/p/nn/jmx'>x</a>");
}

TEST_F(PageFetchTest, OtherTypesAreStreamedAsTheyAre) {
  const std::string body(5u << 20, 'x');
  HttpTestServer server(answering(200, "<a href='/x'>" + body, "Content-Type: text/plain\r\n"));
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->length, body.size() + 13);
  EXPECT_EQ(read_whole(*answer), "<a href='/x'>" + body);
}

TEST_F(PageFetchTest, AReaderThatGoesAwayEndsTheRequest) {
  HttpTestServer server(answering(200, std::string(64u << 20, 'x'), ""));
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  answer->stream.reset();  // would hang, or fill the memory
}

TEST_F(PageFetchTest, RedirectsLeadThroughTheManager) {
  HttpTestServer* self = nullptr;
  HttpTestServer server(HttpTestServer::each([&](HttpTestServer::Connection& to, const auto&) {
    to.answer(302, "", fmt::format("Location: http://c-master:{}/cluster\r\n", self->port()));
  }));
  self = &server;
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
  EXPECT_THAT(answer->headers, Contains(Pair("Location", "/p/nn/cluster")));
}

TEST_F(PageFetchTest, OtherAnswersComeWithTheirStatus) {
  HttpTestServer server(answering(404, "<a href='/'>home</a>", "Content-Type: text/html\r\n"));
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "<a href='/p/nn/'>home</a>");
}

TEST_F(PageFetchTest, AnEmptyAnswerIsWhole) {
  HttpTestServer server(answering(200, "", "Content-Type: text/html\r\n"));
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(read_whole(*answer), "");
}

TEST_F(PageFetchTest, ABrokenStreamIsSaidToBeBroken) {
  HttpTestServer server([](HttpTestServer::Connection& to) {
    HttpTestServer::Request request;
    to.read_request(request);
    to.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  auto answer = get(server);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  bool broken = false;
  EXPECT_EQ(read_whole(*answer, &broken), "half");
  EXPECT_TRUE(broken);
}

TEST_F(PageFetchTest, WhoDoesNotAnswerIsNamed) {
  std::optional<PageTarget> gone;
  {
    HttpTestServer server(answering(200, "", ""));
    gone = target(server, "/x");
  }
  const auto answer = fetch_page(client_, *gone, {.target = "/x"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("c-master"));
}

}  // namespace
}  // namespace bdaas
