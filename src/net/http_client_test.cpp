#include "net/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>

#include "net/http_test_server.h"

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::Not;
using Connection = HttpTestServer::Connection;
using Request = HttpTestServer::Request;

// Says back what it got.
void echo(Connection& connection, const Request& request) {
  connection.answer(200, request.head + "|" + request.body);
}

std::string get_body(HttpClient& client, const HttpRequest& request) {
  auto response = client.send(request);
  EXPECT_TRUE(response.ok()) << response.error().message;
  return response.ok() ? response->body : "";
}

TEST(HttpClient, GetsStatusHeadersAndBody) {
  HttpTestServer server(HttpTestServer::each([](Connection& connection, const Request& request) {
    EXPECT_EQ(request.line(), "GET /a%20b?x=1 HTTP/1.1");
    connection.answer(404, "nothing here", "X-Thing:  a b \r\nEmpty:\r\n");
  }));
  HttpClient client;
  const auto response = client.send({.url = server.url("/a%20b?x=1")}).value();
  EXPECT_EQ(response.status, 404);
  EXPECT_FALSE(response.ok());
  EXPECT_EQ(response.body, "nothing here");
  EXPECT_EQ(response.header("x-thing"), "a b");
  EXPECT_EQ(response.header("empty"), "");
  EXPECT_EQ(response.header("absent"), std::nullopt);
}

TEST(HttpClient, SendsMethodHeadersAndBody) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpClient client;
  for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "GET"}) {
    const std::string body("a\0b", 3);
    const auto text = get_body(client, {.method = method,
                                        .url = server.url(),
                                        .headers = {{"X-Name", "value"}, {"X-Empty", ""}},
                                        .body = body});
    EXPECT_TRUE(text.starts_with(method + " / HTTP/1.1\r\n")) << text;
    EXPECT_THAT(text, HasSubstr("\r\nX-Name: value\r\nX-Empty:\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("Expect")));
    EXPECT_THAT(text, Not(HasSubstr("Content-Type")));
    EXPECT_THAT(text, HasSubstr("Content-Length: 3\r\n"));
    EXPECT_TRUE(text.ends_with("|" + body));
  }
}

TEST(HttpClient, ChangingRequestsWithoutABodySaySo) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpClient client;
  for (const std::string method : {"POST", "PUT"}) {
    EXPECT_THAT(get_body(client, {.method = method, .url = server.url()}),
                HasSubstr("Content-Length: 0\r\n"));
  }
}

TEST(HttpClient, HeadHasNoBody) {
  HttpTestServer server(HttpTestServer::each([](Connection& connection, const Request&) {
    connection.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  }));
  HttpClient client;
  const auto response = client.send({.method = "HEAD", .url = server.url()}).value();
  EXPECT_EQ(response.header("Content-Length"), "1000");
  EXPECT_EQ(response.body, "");
}

TEST(HttpClient, KeepsConnectionsAndTakesThemAgain) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpTestServer other(HttpTestServer::each(echo));
  HttpClient client;
  for (int i = 0; i < 100; ++i) {
    get_body(client, {.method = "PUT", .url = server.url(), .body = "x"});
    get_body(client, {.url = other.url()});
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(other.connections(), 1);
}

TEST(HttpClient, KeepsNoMoreThanAllowed) {
  HttpTestServer one(HttpTestServer::each(echo));
  HttpTestServer two(HttpTestServer::each(echo));
  HttpClient client({.idle_connections_max = 1});
  for (int i = 0; i < 3; ++i) {
    get_body(client, {.url = one.url()});
    get_body(client, {.url = two.url()});
  }
  EXPECT_EQ(one.connections(), 3);
  EXPECT_EQ(two.connections(), 3);
}

TEST(HttpClient, ManyThreadsShareIt) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpClient client;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto word = std::to_string(t * 1000 + i);
        const auto text =
            get_body(client, {.method = "PUT", .url = server.url("/" + word), .body = word});
        EXPECT_TRUE(text.starts_with("PUT /" + word + " ") && text.ends_with("|" + word));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(server.connections(), 8);
}

// A source of `total` bytes that counts up modulo 251.
BodySource counting_source(std::uint64_t total, std::uint64_t& at) {
  return [total, &at](std::span<char> buffer) -> Result<std::size_t> {
    std::size_t filled = 0;
    while (filled < buffer.size() && at < total) {
      buffer[filled++] = static_cast<char>(at++ % 251);
    }
    return filled;
  };
}

std::string counted(std::uint64_t total) {
  std::string bytes;
  for (std::uint64_t i = 0; i < total; ++i) bytes += static_cast<char>(i % 251);
  return bytes;
}

TEST(HttpClient, StreamsABodyOfKnownOrUnknownLength) {
  constexpr std::uint64_t kBytes = 3'000'001;
  Request seen;
  HttpTestServer server(HttpTestServer::each([&](Connection& connection, const Request& request) {
    seen = request;
    connection.answer(201, "");
  }));
  HttpClient client;
  for (const bool known : {true, false}) {
    std::uint64_t at = 0;
    HttpRequest request{.method = "PUT", .url = server.url()};
    request.source = counting_source(kBytes, at);
    if (known) request.source_bytes = kBytes;
    ASSERT_EQ(client.send(request).value().status, 201);
    EXPECT_EQ(seen.has("Content-Length: 3000001\r\n"), known);
    EXPECT_EQ(seen.has("Transfer-Encoding: chunked\r\n"), !known);
    EXPECT_TRUE(seen.body == counted(kBytes));
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, AnEmptyStreamIsABodyToo) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpClient client;
  std::uint64_t at = 0;
  HttpRequest request{.method = "PUT", .url = server.url()};
  request.source = counting_source(0, at);
  EXPECT_TRUE(get_body(client, request).ends_with("|"));
  request.source_bytes = 0;
  EXPECT_THAT(get_body(client, request), HasSubstr("Content-Length: 0"));
}

TEST(HttpClient, ASourceThatFailsOrEndsEarlyEndsTheRequest) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpClient client;
  HttpRequest request{.method = "PUT", .url = server.url()};
  request.source = [](std::span<char>) -> Result<std::size_t> {
    return fail(ErrorKind::corrupted, "the disk is gone");
  };
  auto failed = client.send(request);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::corrupted);
  EXPECT_THAT(failed.error().message, HasSubstr("the disk is gone"));
  std::uint64_t at = 0;
  request.source = counting_source(10, at);
  request.source_bytes = 11;
  failed = client.send(request);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("ended after 10 of its 11 bytes"));
}

TEST(HttpClient, StreamsAnAnswerIntoASink) {
  const auto content = counted(2'000'000);
  HttpTestServer server(HttpTestServer::each([&](Connection& connection, const Request& request) {
    connection.answer(request.line() == "GET /bad HTTP/1.1" ? 500 : 200, content);
  }));
  HttpClient client;
  std::string got;
  HttpRequest request{.url = server.url()};
  request.sink = [&](std::string_view bytes) -> Result<> {
    got += bytes;
    return {};
  };
  request.response_bytes_max = 10;  // says nothing about the sink
  EXPECT_EQ(client.send(request).value().body, "");
  EXPECT_TRUE(got == content);

  got.clear();
  request.url = server.url("/bad");
  request.response_bytes_max = content.size();
  EXPECT_EQ(client.send(request).value().body.size(), content.size()) << "words of a failure";
  EXPECT_EQ(got, "");

  request.url = server.url();
  request.sink = [](std::string_view) -> Result<> {
    return fail(ErrorKind::resource_exhausted, "the disk is full");
  };
  EXPECT_THAT(client.send(request).error().message, HasSubstr("the disk is full"));
}

TEST(HttpClient, ALargerAnswerThanAllowedIsAnError) {
  HttpTestServer server(HttpTestServer::each(
      [&](Connection& connection, const Request&) { connection.answer(200, counted(101)); }));
  HttpClient client;
  EXPECT_TRUE(client.send({.url = server.url(), .response_bytes_max = 101}).ok());
  EXPECT_EQ(client.send({.url = server.url(), .response_bytes_max = 100}).error().kind,
            ErrorKind::resource_exhausted);
}

TEST(HttpClient, EndlessHeadersAreCutOff) {
  HttpTestServer server([](Connection& connection) {
    Request request;
    if (!connection.read_request(request)) return;
    connection.say("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20; ++i) connection.say("X: " + std::string(60'000, 'x') + "\r\n");
    connection.say("\r\n");
  });
  HttpClient client;
  EXPECT_FALSE(client.send({.url = server.url()}).ok());
}

TEST(HttpClient, RedirectsAreFollowedOnlyWhenAskedAndOnlyForReading) {
  HttpTestServer server(HttpTestServer::each([](Connection& connection, const Request& request) {
    if (request.has(" /old ")) return connection.answer(307, "", "Location: /new\r\n");
    connection.answer(200, request.line());
  }));
  HttpClient client;
  const auto seen = client.send({.method = "PUT", .url = server.url("/old")}).value();
  EXPECT_EQ(seen.status, 307);
  EXPECT_EQ(seen.header("location"), "/new");
  EXPECT_EQ(client.send({.url = server.url("/old")}).value().status, 307);
  const auto followed = client.send({.url = server.url("/old"), .redirects_max = 1}).value();
  EXPECT_EQ(followed.body, "GET /new HTTP/1.1");
  EXPECT_EQ(followed.header("location"), std::nullopt) << "headers of the last answer only";
  EXPECT_EQ(
      client.send({.method = "PUT", .url = server.url("/old"), .redirects_max = 1}).value().status,
      307);
}

TEST(HttpClient, NamesAreMappedToAddresses) {
  HttpTestServer one(HttpTestServer::each(echo), "127.3.2.1");
  HttpClient client;
  const auto hosts =
      std::make_shared<HostMap>(HostMap{.addresses = {{"c-x-worker-1", "127.3.2.1"}}, .dial = {}});
  const auto url = "http://c-x-worker-1:" + std::to_string(one.port()) + "/";
  const auto text = get_body(client, {.url = url, .hosts = hosts});
  EXPECT_THAT(text, HasSubstr("Host: c-x-worker-1:" + std::to_string(one.port())));
  EXPECT_EQ(client.send({.url = url}).error().kind, ErrorKind::unavailable) << "unresolvable";
  const auto moved =
      std::make_shared<HostMap>(HostMap{.addresses = {{"c-x-worker-1", "127.3.2.2"}}, .dial = {}});
  EXPECT_EQ(client.send({.url = url, .hosts = moved}).error().kind, ErrorKind::unavailable)
      << "the kept connection leads to the old address";
}

UniqueFd connected_to(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  EXPECT_EQ(::connect(fd.get(), any, sizeof address), 0);
  return fd;
}

// Bytes both ways, until either side ends.
void pump(UniqueFd a, UniqueFd b) {
  std::array<char, 4096> buffer;
  for (;;) {
    std::array<pollfd, 2> fds{{{a.get(), POLLIN, 0}, {b.get(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0) return;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      const ssize_t got = ::recv(fds[i].fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      ::send(fds[1 - i].fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    }
  }
}

TEST(HttpClient, DialsAsTheTableOfHostsSays) {
  HttpTestServer server(HttpTestServer::each(echo));
  int dials = 0;
  HostMap table{.addresses = {{"c-x-master", "10.9.8.7"}}, .dial = {}};
  std::vector<std::thread> pumps;
  table.dial = [&](UniqueFd socket, const std::string& address, std::uint16_t port,
                   Millis) -> Result<> {
    ++dials;
    EXPECT_EQ(address, "10.9.8.7");
    EXPECT_EQ(port, 9870);
    pumps.emplace_back(pump, std::move(socket), connected_to(server.port()));
    return {};
  };
  const auto hosts = std::make_shared<HostMap>(table);
  const std::string url = "http://c-x-master:9870/";
  std::optional<HttpClient> own(std::in_place);
  HttpClient& client = *own;
  EXPECT_THAT(get_body(client, {.url = url, .hosts = hosts}), HasSubstr("Host: c-x-master:9870"));
  EXPECT_THAT(get_body(client, {.url = url, .hosts = hosts}), HasSubstr("GET / HTTP/1.1"));
  EXPECT_EQ(dials, 1) << "the connection is kept";
  EXPECT_THAT(get_body(client, {.url = server.url(), .hosts = hosts}), HasSubstr("GET / "));
  EXPECT_EQ(dials, 1) << "other hosts are not dialled";
  own.reset();
  for (auto& thread : pumps) thread.join();
}

TEST(HttpClient, RedirectsAreDialledToo) {
  HttpTestServer server(HttpTestServer::each([](Connection& connection, const Request& request) {
    if (request.has(" /old ")) {
      return connection.answer(307, "", "Location: http://c-x-worker-1:9864/new\r\n");
    }
    connection.answer(200, request.line());
  }));
  std::vector<std::string> dialled;
  std::vector<std::thread> pumps;
  HostMap table{.addresses = {{"c-x-master", "10.0.0.1"}, {"c-x-worker-1", "10.0.0.2"}},
                .dial = {}};
  table.dial = [&](UniqueFd socket, const std::string& address, std::uint16_t port,
                   Millis) -> Result<> {
    dialled.push_back(fmt::format("{}:{}", address, port));
    pumps.emplace_back(pump, std::move(socket), connected_to(server.port()));
    return {};
  };
  {
    HttpClient client;
    const auto hosts = std::make_shared<HostMap>(table);
    const std::string url = "http://c-x-master:9870/old";
    EXPECT_EQ(get_body(client, {.url = url, .redirects_max = 1, .hosts = hosts}),
              "GET /new HTTP/1.1");
    EXPECT_EQ(client.send({.url = url, .hosts = hosts})->status, 307) << "only when asked";
  }
  for (auto& thread : pumps) thread.join();
  EXPECT_THAT(dialled, testing::ElementsAre("10.0.0.1:9870", "10.0.0.2:9864"));
}

TEST(HttpClientErrors, WhatIsNotDialledWasNotSent) {
  HostMap table{.addresses = {{"c-x-master", "10.9.8.7"}}, .dial = {}};
  table.dial = [](UniqueFd, const std::string&, std::uint16_t port, Millis) -> Result<> {
    return fail(ErrorKind::unavailable, "port {} refuses", port);
  };
  const auto hosts = std::make_shared<HostMap>(table);
  HttpClient client;
  const auto seen =
      client.send({.method = "POST", .url = "http://c-x-master:8088/", .hosts = hosts});
  ASSERT_FALSE(seen.ok());
  EXPECT_EQ(seen.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(seen.error().message, HasSubstr("port 8088 refuses"));
}

TEST(HttpClient, ProxiesOfTheEnvironmentAreNotAskedForLocalNames) {
  HttpTestServer proxy(HttpTestServer::each(
      [](Connection& connection, const Request&) { connection.answer(200, "from the proxy"); }));
  HttpTestServer server(HttpTestServer::each(
      [](Connection& connection, const Request&) { connection.answer(200, "direct"); }));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  HttpClient client;
  const auto hosts =
      std::make_shared<HostMap>(HostMap{.addresses = {{"node", "127.0.0.1"}}, .dial = {}});
  const auto url = "http://node:" + std::to_string(server.port()) + "/";
  EXPECT_EQ(get_body(client, {.url = server.url()}), "direct");
  EXPECT_EQ(get_body(client, {.url = url, .hosts = hosts}), "direct");
  EXPECT_EQ(get_body(client, {.url = "http://example.invalid/"}), "from the proxy");
  ::unsetenv("http_proxy");
}

TEST(HttpClientErrors, RefusedIsUnavailableWhateverTheMethod) {
  std::string url;
  {
    HttpTestServer server([](Connection&) {});
    url = server.url("/x?token=secret");
  }
  HttpClient client;
  for (const std::string method : {"GET", "POST", "PUT"}) {
    const auto failed = client.send({.method = method, .url = url, .body = "x"});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(failed.error().message, HasSubstr(method + " http://127.0.0.1:"));
    EXPECT_THAT(failed.error().message, Not(HasSubstr("secret")));
  }
}

TEST(HttpClientErrors, SentWithoutAnAnswerIsUnknownUnlessItOnlyReads) {
  std::atomic<int> requests = 0;
  HttpTestServer server([&](Connection& connection) {
    Request request;
    if (connection.read_request(request)) ++requests;
  });
  HttpClient client;
  EXPECT_EQ(client.send({.method = "POST", .url = server.url(), .body = "x"}).error().kind,
            ErrorKind::unknown_outcome);
  EXPECT_EQ(client.send({.method = "PUT", .url = server.url(), .body = "x"}).error().kind,
            ErrorKind::unknown_outcome);
  EXPECT_EQ(client.send({.url = server.url()}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(requests, 3);
}

TEST(HttpClientErrors, APostIsNeverSentTwiceOnAConnectionThatBreaks) {
  std::atomic<int> posts = 0;
  HttpTestServer server([&](Connection& connection) {  // answers GET, breaks at POST
    Request request;
    while (connection.read_request(request)) {
      if (!request.has("POST ")) {
        connection.answer(200, "");
      } else {
        ++posts;
        return;
      }
    }
  });
  HttpClient client;
  for (int i = 1; i <= 5; ++i) {
    get_body(client, {.url = server.url()});
    EXPECT_EQ(client.send({.method = "POST", .url = server.url(), .body = "x"}).error().kind,
              ErrorKind::unknown_outcome);
    EXPECT_EQ(posts, i);
  }
}

TEST(HttpClientErrors, ABodyThatBreaksOffIsNoAnswer) {
  HttpTestServer server([](Connection& connection) {
    Request request;
    if (connection.read_request(request)) {
      connection.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    }
  });
  HttpClient client;
  EXPECT_EQ(client.send({.url = server.url()}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(client.send({.method = "PUT", .url = server.url()}).error().kind,
            ErrorKind::unknown_outcome);
}

TEST(HttpClientErrors, TheDeadlineHolds) {
  HttpTestServer server([](Connection& connection) { connection.wait_for_close(); });
  HttpClient client;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(client.send({.url = server.url(), .timeout = Millis(100)}).error().kind,
            ErrorKind::deadline_exceeded);
  EXPECT_EQ(
      client.send({.method = "POST", .url = server.url(), .timeout = Millis(100)}).error().kind,
      ErrorKind::unknown_outcome);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST(HttpClientErrors, ASilenceThatIsTooLongEndsARequest) {
  HttpTestServer server([](Connection& connection) {
    Request request;
    std::string head;
    if (!connection.read_head(head)) return;
    if (head.starts_with("GET")) {
      connection.say("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + std::string(1024, 'x'));
    }
    connection.wait_for_close();
  });
  HttpClient client;
  std::size_t bytes = 0;
  const auto count = [&](std::string_view piece) {
    bytes += piece.size();
    return Result<>{};
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto stopped =
      client.send({.url = server.url(), .sink = count, .silence_max = Millis(100)});
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().kind, ErrorKind::deadline_exceeded) << stopped.error().message;
  EXPECT_EQ(bytes, 1024u);
  EXPECT_EQ(
      client.send({.method = "POST", .url = server.url(), .silence_max = Millis(100)}).error().kind,
      ErrorKind::unknown_outcome);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(HttpClientErrors, CancelEndsAWaitingRequest) {
  std::atomic<bool> cancel = false;
  HttpTestServer server([&](Connection& connection) {
    Request request;
    if (connection.read_request(request)) cancel = true;
    connection.wait_for_close();
  });
  HttpClient client;
  const auto begin = std::chrono::steady_clock::now();
  const auto failed = client.send({.url = server.url(), .cancel = &cancel});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(700));
}

TEST(HttpClientErrors, WhatIsNotHttpIsCorrupted) {
  for (const std::string_view words : {"SSH-2.0-OpenSSH\r\n", "HTTP/9.9 what\r\n\r\n"}) {
    HttpTestServer server([&](Connection& connection) {
      Request request;
      if (connection.read_request(request)) connection.say(words);
    });
    HttpClient client;
    const auto failed = client.send({.url = server.url()});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().kind, ErrorKind::corrupted) << failed.error().message;
  }
}

TEST(HttpClientErrors, WhatCannotBeWrittenIsRefusedBeforeAnyConnection) {
  HttpTestServer server(HttpTestServer::each(echo));
  HttpClient client;
  const HttpRequest bad[] = {
      {.url = "ftp://127.0.0.1/"},
      {.url = "file:///etc/passwd"},
      {.url = server.url("/a b")},
      {.url = server.url("/\r\nX: y")},
      {.method = "GET /", .url = server.url()},
      {.method = "", .url = server.url()},
      {.url = server.url(), .headers = {{"X", "a\r\nY: b"}}},
      {.url = server.url(), .headers = {{"X\n", "a"}}},
      {.url = server.url(), .headers = {{"", "a"}}},
  };
  for (const auto& request : bad) {
    const auto failed = client.send(request);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().kind, ErrorKind::invalid_argument) << failed.error().message;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClientErrors, AnEarlyRefusalOfAStreamIsTheAnswer) {
  HttpTestServer server([](Connection& connection) {
    std::string head;
    if (!connection.read_head(head)) return;
    connection.answer(413, "too much", "Connection: close\r\n");
    connection.wait_for_close();
  });
  HttpClient client;
  std::uint64_t at = 0;
  HttpRequest request{.method = "PUT", .url = server.url()};
  request.source = counting_source(50'000'000, at);
  request.source_bytes = 50'000'000;
  const auto response = client.send(request);
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 413);
  EXPECT_LT(at, 50'000'000u);
}

}  // namespace
}  // namespace bdaas
