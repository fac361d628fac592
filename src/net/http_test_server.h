#pragma once
// For tests: an HTTP server of raw sockets that says exactly what a test wants said, wrong things
// included. One thread per connection; all of them are gone when the server is.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace bdaas {

class HttpTestServer {
 public:
  struct Request {
    std::string head;  // request line and headers, as received, up to and with the blank line
    std::string body;  // chunks put together

    std::string line() const { return head.substr(0, head.find("\r\n")); }
    bool has(std::string_view text) const { return head.find(text) != head.npos; }
  };

  class Connection {
   public:
    explicit Connection(int fd) : fd_(fd) {}

    // False: the client closed, or the server ends.
    bool read_request(Request& request) {
      if (!read_head(request.head)) return false;
      request.body.clear();
      if (request.has("Transfer-Encoding: chunked")) return read_chunks(request.body);
      const auto at = request.head.find("Content-Length: ");
      const auto bytes = at == std::string::npos ? 0 : std::stoull(request.head.substr(at + 16));
      return read_exactly(bytes, request.body);
    }

    bool read_head(std::string& head) {
      std::size_t end;
      while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
        if (!receive()) return false;
      }
      head = pending_.substr(0, end + 4);
      pending_.erase(0, end + 4);
      return true;
    }

    // Appends; for protocols other than HTTP too.
    bool read_exactly(std::size_t bytes, std::string& into) {
      while (pending_.size() < bytes) {
        if (!receive()) return false;
      }
      into += pending_.substr(0, bytes);
      pending_.erase(0, bytes);
      return true;
    }

    void say(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
    }

    void answer(int status, std::string_view body, std::string_view more_headers = "") {
      say("HTTP/1.1 " + std::to_string(status) +
          " Words\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          std::string(more_headers) + "\r\n" + std::string(body));
    }

    void close() { ::shutdown(fd_, SHUT_RDWR); }

    void wait_for_close() {
      while (receive()) pending_.clear();
    }

   private:
    bool receive() {
      char buffer[64 * 1024];
      const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
      if (got > 0) pending_.append(buffer, static_cast<std::size_t>(got));
      return got > 0;
    }

    bool read_chunks(std::string& body) {
      for (;;) {
        std::size_t end;
        while ((end = pending_.find("\r\n")) == std::string::npos) {
          if (!receive()) return false;
        }
        const std::size_t bytes = std::stoull(pending_, nullptr, 16);
        pending_.erase(0, end + 2);
        std::string line_end;
        if (!read_exactly(bytes, body) || !read_exactly(2, line_end)) return false;
        if (bytes == 0) return true;
      }
    }

    int fd_;
    std::string pending_;
  };

  using Handler = std::function<void(Connection&)>;  // runs for one whole connection

  explicit HttpTestServer(Handler handler, const char* address = "127.0.0.1",
                          std::uint16_t port = 0)
      : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int reuse = 1;  // a connection that this end closed keeps the port for a minute
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &name.sin_addr);
    socklen_t length = sizeof name;
    auto* any = static_cast<sockaddr*>(static_cast<void*>(&name));
    [[maybe_unused]] const bool listening = ::bind(listener_.get(), any, length) == 0 &&
                                            ::listen(listener_.get(), 64) == 0 &&
                                            ::getsockname(listener_.get(), any, &length) == 0;
    assert(listening);
    port_ = ntohs(name.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~HttpTestServer() {
    ending_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& fd : fds_) ::shutdown(fd.get(), SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }

  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  int port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int connections() const { return connections_; }

  // A handler that answers each request of a kept-alive connection.
  static Handler each(std::function<void(Connection&, const Request&)> one) {
    return [one = std::move(one)](Connection& connection) {
      Request request;
      while (connection.read_request(request)) one(connection, request);
    };
  }

 private:
  void accept_all() {
    while (!ending_) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      const int on = 1;  // small answers go at once
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::lock_guard lock(mutex_);
      fds_.emplace_back(fd);
      threads_.emplace_back([this, fd] {
        Connection connection(fd);
        handler_(connection);
        ::shutdown(fd, SHUT_RDWR);
      });
    }
  }

  Handler handler_;
  UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int> connections_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<UniqueFd> fds_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace bdaas
