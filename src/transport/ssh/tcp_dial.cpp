#include "transport/ssh/tcp_dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {

// A peer that is gone is noticed within about half a minute, whether something is to be sent to it
// or not. Nagle's algorithm would wait for an acknowledgement of every small packet: 1 MB/s.
void set_up(int fd) {
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace

TcpDial::TcpDial(std::vector<SocketAddress> addresses, Steady::time_point deadline)
    : addresses_(std::move(addresses)), deadline_(deadline), until_(Steady::now()) {}

void TcpDial::dial_next(Steady::time_point now) {
  const auto& address = addresses_[next_];
  const auto left = addresses_.size() - next_++;
  until_ = now + (deadline_ - now) / static_cast<long>(left);
  fd_ =
      UniqueFd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) {
    error_ = errno;
    return;
  }
  set_up(fd_.get());
  const int code =
      ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
  if (code != 0 && errno != EINPROGRESS) {
    error_ = errno;
    fd_.reset();
  }
}

std::optional<Result<UniqueFd>> TcpDial::step(Steady::time_point now) {
  for (;;) {
    if (fd_.valid()) {
      pollfd one{fd_.get(), POLLOUT, 0};
      if (::poll(&one, 1, 0) > 0) {
        socklen_t size = sizeof error_;
        ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_, &size);
        if (error_ == 0) return std::move(fd_);
      } else if (now < until_) {
        return std::nullopt;
      } else {
        error_ = ETIMEDOUT;
      }
      fd_.reset();
    }
    if (next_ == addresses_.size()) {
      return fail(ErrorKind::unavailable, "{}", os_error(error_, "it cannot be reached").message);
    }
    dial_next(now);
  }
}

}  // namespace bdaas
