#include "api/http_session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/read.hpp>
#include <exception>

#include "api/http_text.h"

namespace bdaas::api {

namespace {

namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::uint64_t kSkipBytes =
    64 * 1024;  // of a refused body; a longer one costs the connection
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

// "/p?q", or "http://host/p?q" as a client sends it to a proxy (RFC 9112, 3.2.2). Empty: neither.
std::string_view origin_form(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    const auto slash = target.find('/', kScheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.starts_with('/') ? target : std::string_view{};
}

template <class Message>
HttpRequest head_of(const Message& message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  const auto target = origin_form(std::string_view(message.target()));
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  for (const auto& field : message) {
    request.headers.emplace_back(lower(std::string_view(field.name_string())),
                                 std::string(std::string_view(field.value())));
  }
  return request;
}

int status_of(error_code error) {
  if (error == beast::error::timeout) return 408;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::bad_version) return 505;
  return 400;
}

std::string sentence_of(error_code error) {
  if (error == beast::error::timeout) return "the request did not arrive in time; send it faster";
  if (error == http::error::header_limit) return "the headers are too long; 16 KiB are allowed";
  return fmt::format("the request is not well-formed HTTP: {}", error.message());
}

}  // namespace

// Wakes a session that waits for its source. Shared with the source's callback, which may outlive
// the wait.
struct HttpSession::Waker {
  explicit Waker(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  bool woken = false;     // I/O thread, as the next two
  bool watching = false;  // for the client's end
  bool readable = false;
};

HttpSession::HttpSession(SessionHost& host, asio::ip::tcp::socket socket)
    : host_(host), stream_(std::move(socket)) {}

template <class T, class Work>
asio::awaitable<T> HttpSession::on_lane(Lane lane, Work work) {
  // A plain function object that owns its work: the coroutine on the pool must not point into ours.
  // What it gives once all is over is seen by nobody. It is resumed all the same, since what a pool
  // drops would outlive the I/O thread's context.
  auto task = [](Work owned, const std::atomic<bool>& over) -> asio::awaitable<T> {
    if (over) co_return T{};
    co_return owned();
  };
  asio::thread_pool& pool = lane == Lane::quick  ? host_.quick
                            : lane == Lane::slow ? host_.slow
                                                 : host_.far;
  co_return co_await asio::co_spawn(pool, task(std::move(work), host_.over), asio::use_awaitable);
}

void HttpSession::stop() {
  if (nobody_waits_) stream_.close();
}

asio::awaitable<void> HttpSession::run() {
  try {
    Next next = Next::keep;
    while (next == Next::keep && !host_.stopping) next = co_await one_request();
  } catch (const std::exception& error) {
    host_.options.log.error("http: a connection was cut: {}", error.what());
  }
  stream_.close();
}

asio::awaitable<bool> HttpSession::wait_for_request() {
  if (buffer_.size() > 0) co_return true;  // the client sent more than one at once
  buffer_.shrink_to_fit();
  piece_ = {};
  nobody_waits_ = true;
  stream_.expires_after(host_.options.limits.idle);
  const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(2048), kResult);
  nobody_waits_ = false;
  buffer_.commit(bytes);
  co_return !error;
}

asio::awaitable<HttpSession::Next> HttpSession::one_request() {
  if (!co_await wait_for_request()) co_return Next::close;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(host_.options.limits.head_bytes));
  parser.body_limit(boost::none);  // limits of bodies differ; they are kept where bodies are read
  stream_.expires_after(host_.options.limits.head);
  const auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, parser, kResult);
  if (error) co_return co_await refuse_broken(error);
  old_client_ = parser.get().version() < 11;
  co_return co_await serve(parser, head_of(parser.get()));
}

asio::awaitable<HttpSession::Next> HttpSession::serve(Parser& parser, HttpRequest request) {
  HttpService& service = host_.service;
  const auto hosts = parser.get().count(http::field::host);
  if (request.path.empty() || hosts > 1 || (hosts == 0 && !old_client_)) {
    co_return co_await refuse_unread(
        parser, request,
        service.refuse(400, request.path.empty() ? "the address must begin with '/'"
                                                 : "exactly one Host header is needed"));
  }
  const auto expect = request.header("expect");
  if (expect && lower(*expect) != "100-continue") {
    co_return co_await refuse_unread(parser, request,
                                     service.refuse(417, "only Expect: 100-continue is known"));
  }
  auto admitted = service.admit(request);
  if (auto* response = std::get_if<HttpResponse>(&admitted)) {
    co_return co_await refuse_unread(parser, request, std::move(*response));
  }
  auto& admission = std::get<Admission>(admitted);
  const auto length = parser.content_length();
  if (length && *length > admission.max_body_bytes) {
    co_return co_await refuse_unread(
        parser, request,
        service.refuse(413, fmt::format("the body has {} bytes; {} are allowed here", *length,
                                        admission.max_body_bytes)));
  }
  if (admission.open) {
    co_return co_await answer_streamed(parser, std::move(request), std::move(admission));
  }
  co_return co_await answer_buffered(parser, std::move(request), std::move(admission));
}

asio::awaitable<HttpSession::Next> HttpSession::answer_buffered(Parser& parser, HttpRequest request,
                                                                Admission admission) {
  if (!parser.is_done() && !co_await say_continue(request)) co_return Next::close;
  const auto deadline = std::chrono::steady_clock::now() + host_.options.limits.small_body;
  while (!parser.is_done()) {
    stream_.expires_at(deadline);
    if (const auto error = co_await read_piece(parser, piece_)) {
      co_return co_await refuse_broken(error);
    }
    if (request.body.size() + piece_.size() > admission.max_body_bytes) {
      co_return co_await refuse_unread(
          parser, request,
          host_.service.refuse(413, fmt::format("the body is longer than the {} bytes allowed here",
                                                admission.max_body_bytes)));
    }
    request.body += piece_;
  }
  auto answer = [this, &request, &admission]() -> HttpResponse {
    try {
      return admission.answer(request);
    } catch (const std::exception& error) {
      host_.options.log.error("http: {} {}: {}", request.method, request.path, error.what());
      return host_.service.refuse(500, "the manager failed at this request; its log has the cause");
    }
  };
  auto response = co_await on_lane<HttpResponse>(admission.lane, answer);
  const bool keep = parser.keep_alive();
  co_return co_await respond(request, std::move(response), keep ? Next::keep : Next::close);
}

asio::awaitable<HttpSession::Next> HttpSession::answer_streamed(Parser& parser, HttpRequest request,
                                                                Admission admission) {
  using Opened = std::variant<HttpResponse, std::unique_ptr<BodySink>>;
  auto open = [&request, &admission] { return admission.open(request); };
  auto opened = co_await on_lane<Opened>(Lane::slow, open);
  if (auto* refusal = std::get_if<HttpResponse>(&opened)) {
    co_return co_await refuse_unread(parser, request, std::move(*refusal));
  }
  BodySink& sink = *std::get<std::unique_ptr<BodySink>>(opened);
  if (!parser.is_done() && !co_await say_continue(request)) co_return Next::close;
  std::uint64_t taken = 0;
  while (!parser.is_done()) {
    stream_.expires_after(host_.options.limits.body);
    if (const auto error = co_await read_piece(parser, piece_)) {
      co_return co_await refuse_broken(error);
    }
    taken += piece_.size();
    if (taken > admission.max_body_bytes) {
      co_return co_await refuse_unread(parser, request,
                                       host_.service.refuse(413, "the body is too long"));
    }
    if (piece_.empty()) continue;
    auto write = [this, &sink] { return sink.write(piece_); };
    auto refusal = co_await on_lane<std::optional<HttpResponse>>(Lane::slow, write);
    if (refusal) co_return co_await refuse_unread(parser, request, std::move(*refusal));
  }
  auto finish = [&sink] { return sink.finish(); };
  auto response = co_await on_lane<HttpResponse>(Lane::slow, finish);
  const bool keep = parser.keep_alive();
  co_return co_await respond(request, std::move(response), keep ? Next::keep : Next::close);
}

asio::awaitable<error_code> HttpSession::read_piece(Parser& parser, std::string& piece) {
  piece.resize(kPieceBytes);
  auto& body = parser.get().body();
  body.data = piece.data();
  body.size = piece.size();
  body.more = true;
  auto [error, bytes] = co_await http::async_read(stream_, buffer_, parser, kResult);
  if (error == http::error::need_buffer) error = {};
  piece.resize(piece.size() - body.size);
  co_return error;
}

asio::awaitable<bool> HttpSession::say_continue(const HttpRequest& request) {
  if (!request.header("expect") || old_client_) co_return true;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(host_.options.limits.body);
  const auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(kContinue), kResult);
  co_return !error;
}

asio::awaitable<HttpSession::Next> HttpSession::refuse_unread(Parser& parser,
                                                              const HttpRequest& request,
                                                              HttpResponse response) {
  // A client that waits for 100 Continue may send the body or not: nobody could tell where the next
  // request begins.
  const bool may_skip = !request.header("expect") && parser.keep_alive();
  const auto rest = parser.content_length_remaining();
  const bool short_rest = !parser.chunked() && rest && *rest <= kSkipBytes;
  if (may_skip && !parser.is_done() && short_rest) {
    stream_.expires_after(host_.options.limits.small_body);
    while (!parser.is_done()) {
      if (co_await read_piece(parser, piece_)) co_return Next::close;
    }
  }
  if (may_skip && parser.is_done()) {
    co_return co_await respond(request, std::move(response), Next::keep);
  }
  co_await respond(request, std::move(response), Next::close);
  co_await linger();
  co_return Next::close;
}

asio::awaitable<HttpSession::Next> HttpSession::refuse_broken(error_code error) {
  const bool theirs = error == beast::error::timeout ||
                      error.category() == http::make_error_code(http::error::bad_method).category();
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
  if (!theirs || gone) co_return Next::close;
  // After a timeout the stream is closed already; the sentence is lost, as with any closed
  // connection.
  const HttpRequest unknown;  // a `{}` as argument of co_await is destroyed twice by g++ 12
  auto response = host_.service.refuse(status_of(error), sentence_of(error));
  co_await respond(unknown, std::move(response), Next::close);
  co_await linger();
  co_return Next::close;
}

asio::awaitable<HttpSession::Next> HttpSession::respond(const HttpRequest& request,
                                                        HttpResponse response, Next next) {
  host_.service.seal(request, response);
  if (host_.stopping) next = Next::close;
  const bool bodiless = request.method == "HEAD" || response.status == 204;
  const bool chunked = response.source && !response.length && !old_client_;
  if (response.source && !response.length && old_client_) next = Next::close;
  auto& headers = response.headers;
  headers.emplace_back("Date", http_date(SystemClock().now()));
  if (chunked) {
    headers.emplace_back("Transfer-Encoding", "chunked");
  } else if (response.source && response.length) {
    headers.emplace_back("Content-Length", std::to_string(*response.length));
  } else if (!response.source && response.status != 204) {
    headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  }
  if (next == Next::close) {
    headers.emplace_back("Connection", "close");
  } else if (old_client_) {
    headers.emplace_back("Connection", "keep-alive");
  }
  const std::string head = response_head(response.status, headers);
  const bool with_body = !bodiless && !response.source;
  const std::array<asio::const_buffer, 2> buffers{
      asio::buffer(head), with_body ? asio::buffer(response.body) : asio::const_buffer()};
  stream_.expires_after(host_.options.limits.body);
  const auto [error, bytes] = co_await asio::async_write(stream_, buffers, kResult);
  if (error) co_return Next::close;
  if (bodiless || !response.source) co_return next;
  co_return co_await stream_out(std::move(response), chunked, next);
}

asio::awaitable<HttpSession::Next> HttpSession::stream_out(HttpResponse response, bool chunked,
                                                           Next next) {
  BodySource& source = *response.source;
  const auto waker = std::make_shared<Waker>(stream_.get_executor());
  source.on_wake([weak = std::weak_ptr(waker), executor = stream_.get_executor()] {
    asio::post(executor, [weak] {
      if (const auto alive = weak.lock()) {
        alive->woken = true;
        alive->timer.cancel();
      }
    });
  });
  std::uint64_t sent = 0;
  for (;;) {
    waker->woken = false;
    auto pull = [&source] { return source.pull(); };
    auto piece = co_await on_lane<BodyPiece>(Lane::slow, pull);
    if (piece.broken) co_return Next::close;
    sent += piece.bytes.size();
    if (!co_await write_piece(piece.bytes, chunked)) co_return Next::close;
    if (piece.end) break;
    if (!piece.bytes.empty() || waker->woken) continue;
    piece = {};
    if (!co_await wait_for_source(waker)) co_return Next::close;
    const auto beat = waker->woken ? std::string_view{} : source.heartbeat();
    if (!co_await write_piece(beat, chunked)) co_return Next::close;
  }
  if (waker->watching) {
    error_code ignored;  // nothing to cancel is fine
    stream_.socket().cancel(ignored);
  }
  if (response.length && sent != *response.length) co_return Next::close;
  if (!chunked) co_return next;
  constexpr std::string_view kLastChunk = "0\r\n\r\n";
  const auto [error, bytes] =
      co_await asio::async_write(stream_, asio::buffer(kLastChunk), kResult);
  co_return error ? Next::close : next;
}

asio::awaitable<bool> HttpSession::write_piece(std::string_view bytes, bool chunked) {
  if (bytes.empty()) co_return true;
  constexpr std::string_view kEnd = "\r\n";
  const std::string size = chunked ? fmt::format("{:x}\r\n", bytes.size()) : std::string();
  const std::array<asio::const_buffer, 3> buffers{
      asio::buffer(size), asio::buffer(bytes.data(), bytes.size()),
      chunked ? asio::buffer(kEnd) : asio::const_buffer()};
  stream_.expires_after(host_.options.limits.body);
  const auto [error, written] = co_await asio::async_write(stream_, buffers, kResult);
  co_return !error;
}

// False when the client is gone, or the server stops.
asio::awaitable<bool> HttpSession::wait_for_source(const std::shared_ptr<Waker>& waker) {
  if (host_.stopping) co_return false;
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  auto& socket = stream_.socket();
  if (!waker->watching && !waker->readable) {
    waker->watching = true;
    socket.async_wait(asio::socket_base::wait_read, [waker](error_code error) {
      waker->watching = false;
      waker->readable = !error;
      waker->timer.cancel();
    });
  }
  nobody_waits_ = true;
  waker->timer.expires_after(host_.options.limits.heartbeat);
  co_await waker->timer.async_wait(kResult);
  nobody_waits_ = false;
  if (!socket.is_open()) co_return false;
  if (!waker->readable) co_return true;
  char byte = 0;  // data: the next request, which waits its turn; nothing: the client has hung up
  co_return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// Reads on for a moment, so that the client finds our answer and not a reset connection.
asio::awaitable<void> HttpSession::linger() {
  error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return;
  piece_.resize(kPieceBytes);
  stream_.expires_after(host_.options.limits.stop_grace);
  for (;;) {
    const auto [failed, bytes] = co_await stream_.async_read_some(asio::buffer(piece_), kResult);
    if (failed) co_return;
  }
}

}  // namespace bdaas::api
