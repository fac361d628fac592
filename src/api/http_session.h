#pragma once
// One connection of the HTTP server: reads requests one after the other, asks the service, writes
// the answers. Private to the server; the only header that includes Asio and Beast. Everything runs
// on the I/O thread but the calls into the service's answers, sinks and sources, which run on a
// pool.

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "api/http.h"
#include "api/http_server.h"

namespace bdaas::api {

namespace asio = boost::asio;
namespace beast = boost::beast;

// What sessions share. Lives as long as the server.
struct SessionHost {
  const HttpOptions& options;
  HttpService& service;
  asio::thread_pool& quick;
  asio::thread_pool& slow;
  asio::thread_pool& far;
  bool stopping = false;  // I/O thread
  // Nobody takes answers any more: work that waits for a thread is not begun. Any thread.
  std::atomic<bool> over = false;
};

class HttpSession {
 public:
  HttpSession(SessionHost& host, asio::ip::tcp::socket socket);

  asio::awaitable<void> run();

  // The server stops: ends the connection where nobody waits for an answer of known length.
  void stop();

 private:
  using Parser = beast::http::request_parser<beast::http::buffer_body>;
  enum class Next { keep, close };
  struct Waker;

  asio::awaitable<Next> one_request();
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<Next> serve(Parser& parser, HttpRequest request);
  asio::awaitable<Next> answer_buffered(Parser& parser, HttpRequest request, Admission admission);
  asio::awaitable<Next> answer_streamed(Parser& parser, HttpRequest request, Admission admission);

  // Of the body: the next bytes, at most kPieceBytes; empty at its end.
  asio::awaitable<boost::system::error_code> read_piece(Parser& parser, std::string& piece);
  asio::awaitable<bool> say_continue(const HttpRequest& request);

  // Answers although the body is not read; keeps the connection only when the rest is short.
  asio::awaitable<Next> refuse_unread(Parser& parser, const HttpRequest& request,
                                      HttpResponse response);
  asio::awaitable<Next> refuse_broken(boost::system::error_code error);
  asio::awaitable<Next> respond(const HttpRequest& request, HttpResponse response, Next next);
  asio::awaitable<Next> stream_out(HttpResponse response, bool chunked, Next next);
  asio::awaitable<bool> write_piece(std::string_view bytes, bool chunked);
  asio::awaitable<bool> wait_for_source(const std::shared_ptr<Waker>& waker);
  asio::awaitable<void> linger();

  template <class T, class Work>
  asio::awaitable<T> on_lane(Lane lane, Work work);

  SessionHost& host_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::string piece_;         // reused for the pieces of long bodies
  bool nobody_waits_ = true;  // between requests, or in a stream that waits for news
  bool old_client_ = false;   // HTTP/1.0: no chunks
};

}  // namespace bdaas::api
