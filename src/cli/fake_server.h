#pragma once
// For tests: a small HTTP/1.1 server on a free port that does what a handler says, rudeness
// included. One thread a connection, one request a connection.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "cli/waker.h"

namespace bdaas::cli {

class Exchange {
 public:
  Exchange(int fd, const std::atomic<bool>& over) : fd_(fd), over_(over) {}

  std::string method;
  std::string target;                          // path and query
  std::map<std::string, std::string> headers;  // names in lower case

  bool read_head() {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      const auto piece = receive(4096);
      if (piece.empty()) return false;
      head += piece;
    }
    const auto end = head.find("\r\n\r\n");
    ahead_ = head.substr(end + 4);
    parse(head.substr(0, end + 2));
    return true;
  }

  // As many bytes of the body as asked for, or what comes before its end.
  std::string read_body(std::size_t most = std::string::npos) {
    const auto found = headers.find("content-length");
    const std::size_t length = found == headers.end() ? 0 : std::stoull(found->second);
    if (headers.contains("expect")) write("HTTP/1.1 100 Continue\r\n\r\n");
    const auto wanted = std::min(most, length);
    std::string body = std::exchange(ahead_, {});
    while (body.size() < wanted) {
      const auto piece = receive(wanted - body.size());
      if (piece.empty()) break;
      body += piece;
    }
    body.resize(std::min(body.size(), wanted));
    return body;
  }

  void answer(int status, const std::string& body = {}, const std::string& extra_headers = {}) {
    const std::string length =
        method == "HEAD" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    write("HTTP/1.1 " + std::to_string(status) + " X\r\n" + length + extra_headers +
          "Connection: close\r\n\r\n" + (method == "HEAD" ? "" : body));
  }

  // An answer in pieces; a connection that closes without end_chunks() is broken.
  void begin_chunks(const std::string& type) {
    write("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nContent-Type: " + type + "\r\n\r\n");
  }
  bool chunk(const std::string& bytes) {
    char size[20];
    std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
    return write(size + bytes + "\r\n");
  }
  void end_chunks() { write("0\r\n\r\n"); }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Until the client has gone, or the server is being taken down.
  void wait_for_end() {
    while (!receive(4096).empty()) {
    }
  }

  // The server is being taken down: a handler that streams must return.
  bool over() const { return over_; }

 private:
  std::string receive(std::size_t most) {
    std::string piece(std::min<std::size_t>(most, 1 << 16), '\0');
    const auto got = ::recv(fd_, piece.data(), piece.size(), 0);
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return piece;
  }

  void parse(std::string_view head) {
    std::string_view line = head.substr(0, head.find("\r\n"));
    method = line.substr(0, line.find(' '));
    line.remove_prefix(method.size() + 1);
    target = line.substr(0, line.find(' '));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
      line = head.substr(0, head.find("\r\n"));
      const auto colon = line.find(": ");
      std::string name(line.substr(0, colon));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      headers[name] = line.substr(colon + 2);
      head.remove_prefix(line.size() + 2);
    }
  }

  int fd_;
  const std::atomic<bool>& over_;
  std::string ahead_;
};

class FakeServer {
 public:
  using Handler = std::function<void(Exchange& exchange)>;

  explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_.get(), 64);
    socklen_t size = sizeof(address);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~FakeServer() {
    over_ = true;
    waker_.wake();
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (auto& connection : connections_) ::shutdown(connection.fd.get(), SHUT_RDWR);
    }
    for (auto& connection : connections_) connection.thread.join();
  }

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  struct Connection {
    UniqueFd fd;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      pollfd ready[] = {{listener_.get(), POLLIN, 0}, {waker_.fd(), POLLIN, 0}};
      ::poll(ready, 2, -1);
      if (over_) return;
      const std::lock_guard lock(mutex_);
      auto& connection = connections_.emplace_back();
      connection.fd.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      connection.thread = std::thread([this, fd = connection.fd.get()] {
        Exchange exchange(fd, over_);
        if (exchange.read_head()) handler_(exchange);
        ::shutdown(fd, SHUT_RDWR);
      });
    }
  }

  Handler handler_;
  std::atomic<bool> over_{false};
  Waker waker_;
  UniqueFd listener_;
  int port_ = 0;
  std::mutex mutex_;
  std::list<Connection> connections_;
  std::thread acceptor_;
};

}  // namespace bdaas::cli
