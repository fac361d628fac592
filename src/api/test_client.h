#pragma once
// A raw HTTP client for tests: sends what it is told, byte by byte if need be, and reads what comes
// back. Every wait ends after 10 s.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace bdaas::api {

struct TestAnswer {
  int status = 0;      // 0: the connection ended without an answer
  std::string head;    // status line and headers
  std::string body;    // chunks put together
  bool whole = false;  // the body came to its end as the head promised

  std::string header(std::string_view name) const {  // any case; "" when absent
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const std::string mark = "\r\n" + std::string(name) + ": ";
    const auto at = std::search(head.begin(), head.end(), mark.begin(), mark.end(), same);
    if (at == head.end()) return {};
    const auto value = at + static_cast<std::ptrdiff_t>(mark.size());
    return {value, std::find(value, head.end(), '\r')};
  }
};

class TestClient {
 public:
  explicit TestClient(unsigned short port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      hang_up();
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Sends a request and reads its answer.
  TestAnswer ask(std::string_view request) {
    send(request);
    return read_answer(request.starts_with("HEAD "));
  }

  TestAnswer read_answer(bool without_body = false) {
    auto answer = read_head();
    while (answer.status == 100) answer = read_head();
    if (answer.status == 0) return answer;
    const auto length = answer.header("content-length");
    if (without_body || answer.status == 204) {
      answer.whole = true;
    } else if (answer.header("transfer-encoding") == "chunked") {
      answer.whole = read_chunks(answer.body);
    } else if (!length.empty()) {
      const auto wanted = std::stoull(length);
      while (buffer_.size() < wanted && fill()) continue;
      answer.body = take(std::min<std::size_t>(wanted, buffer_.size()));
      answer.whole = answer.body.size() == wanted;
    } else {
      while (fill()) continue;
      answer.body = take(buffer_.size());
      answer.whole = true;
    }
    return answer;
  }

  TestAnswer read_head() {
    TestAnswer answer;
    answer.head = read_until("\r\n\r\n");
    if (answer.head.size() > 12 && answer.head.starts_with("HTTP/1.1 ")) {
      answer.status = std::stoi(answer.head.substr(9, 3));
    }
    return answer;
  }

  // Up to and with the mark; what came, when the connection ends before.
  std::string read_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!fill()) return take(buffer_.size());
    }
    return take(at + mark.size());
  }

  bool ended() { return buffer_.empty() && !fill(); }  // closed without a further byte
  void hang_up() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  bool fill() {
    pollfd wanted{fd_.get(), POLLIN, 0};
    if (!fd_.valid() || ::poll(&wanted, 1, 10'000) != 1) return false;
    char bytes[65536];
    const auto got = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  bool read_chunks(std::string& body) {
    for (;;) {
      const auto line = read_until("\r\n");
      if (line.size() < 3) return false;
      const auto size = std::stoull(line, nullptr, 16);
      while (buffer_.size() < size + 2 && fill()) continue;
      if (buffer_.size() < size + 2) return false;
      body += take(size);
      take(2);
      if (size == 0) return true;
    }
  }

  std::string take(std::size_t bytes) {
    auto taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
  }

  UniqueFd fd_;
  std::string buffer_;
};

}  // namespace bdaas::api
