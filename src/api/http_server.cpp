#include "api/http_server.h"

#include <sys/socket.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "api/http_session.h"
#include "api/http_text.h"
#include "base/unique_fd.h"

namespace bdaas::api {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

// Asio's own sockets would be inherited by every process that the manager starts.
Result<UniqueFd> listen_on(const tcp::endpoint& endpoint) {
  UniqueFd fd(
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (!fd.valid() || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      ::bind(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(fd.get(), 256) != 0) {
    const error_code error(errno, boost::system::system_category());
    return fail(ErrorKind::unavailable,
                "cannot listen on {}:{}: {}; choose another port with --port",
                endpoint.address().to_string(), endpoint.port(), error.message());
  }
  return fd;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, HttpService& service)
      : options_(std::move(options)),
        quick_(static_cast<std::size_t>(options_.quick_threads)),
        slow_(static_cast<std::size_t>(options_.slow_threads)),
        far_(static_cast<std::size_t>(options_.far_threads)),
        host_{options_, service, quick_, slow_, far_} {}

  ~Impl() { stop(); }

  Result<> start() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
      return fail(ErrorKind::invalid_argument, "'{}' is not an IP address to listen on",
                  options_.address);
    }
    const tcp::endpoint endpoint(address, options_.port);
    BDAAS_ASSIGN(auto fd, listen_on(endpoint));
    acceptor_.assign(endpoint.protocol(), fd.release());
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(io_, accept_loop(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  unsigned short port() const { return port_; }

  void stop() {
    if (thread_.joinable()) {
      asio::post(io_, [this] { begin_stop(); });
      std::unique_lock lock(mutex_);
      all_gone_.wait_for(lock, options_.limits.stop_grace, [this] { return drained_; });
      lock.unlock();
      io_.stop();
      thread_.join();
    }
    host_.over = true;
    quick_.join();
    slow_.join();
    far_.join();
  }

 private:
  asio::awaitable<void> accept_loop() {
    while (!host_.stopping) {
      const auto [waited] = co_await acceptor_.async_wait(asio::socket_base::wait_read,
                                                          asio::as_tuple(asio::use_awaitable));
      if (waited) break;
      const int fd =
          ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        take(tcp::socket(io_, acceptor_.local_endpoint().protocol(), fd));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        options_.log.warning("http: out of file descriptors or memory; new connections wait");
        asio::steady_timer pause(io_, Millis(200));
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      }
    }
  }

  void take(tcp::socket socket) {
    error_code ignored;  // a client that has gone already is found out at the first read
    socket.set_option(tcp::no_delay(true), ignored);
    if (sessions_.size() >= options_.limits.connections) {
      const auto head = response_head(503, {{"Content-Length", "0"}, {"Connection", "close"}});
      socket.write_some(asio::buffer(head), ignored);
      return;
    }
    asio::co_spawn(io_, run_session(std::move(socket)), asio::detached);
  }

  asio::awaitable<void> run_session(tcp::socket socket) {
    HttpSession session(host_, std::move(socket));
    sessions_.insert(&session);
    co_await session.run();
    sessions_.erase(&session);
    tell_when_drained();
  }

  void begin_stop() {
    host_.stopping = true;
    error_code ignored;  // it is closed either way
    acceptor_.close(ignored);
    for (auto* session : sessions_) session->stop();
    tell_when_drained();
  }

  void tell_when_drained() {
    if (!host_.stopping || !sessions_.empty()) return;
    const std::lock_guard lock(mutex_);
    drained_ = true;
    all_gone_.notify_all();
  }

  HttpOptions options_;
  // The pools outlive the sessions' coroutines, which io_ destroys when it goes.
  asio::thread_pool quick_;
  asio::thread_pool slow_;
  asio::thread_pool far_;
  SessionHost host_;
  std::set<HttpSession*> sessions_;  // I/O thread

  std::mutex mutex_;
  std::condition_variable all_gone_;
  bool drained_ = false;  // guarded by mutex_

  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  unsigned short port_ = 0;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, HttpService& service) {
  auto impl = std::make_unique<Impl>(std::move(options), service);
  BDAAS_TRY(impl->start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

unsigned short HttpServer::port() const { return impl_->port(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace bdaas::api
