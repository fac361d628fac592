#include "service/native/stream_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace bdaas {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kLook{250};  // between two looks at the cancel flag
constexpr std::size_t kInputBytes = 4096;
constexpr std::size_t kPiecesMax = 4;

}  // namespace

Error StreamSocket::broken(std::string_view what) const {
  return fail(ErrorKind::unavailable, "the connection to {} broke: {}", peer_, what);
}

Result<StreamSocket> StreamSocket::connect(const std::string& address, std::int64_t port,
                                           const SocketOptions& options) {
  StreamSocket made(UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
                    fmt::format("{}:{}", address, port), options);
  const auto refused = [&made](int code) {
    return fail(ErrorKind::unavailable, "cannot connect to {}: {}", made.peer_,
                std::strerror(code));
  };
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(port));
  if (!made.fd_.valid()) return refused(errno);
  if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) return refused(EINVAL);
  const int on = 1;
  ::setsockopt(made.fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&name));
  if (::connect(made.fd_.get(), any, sizeof name) != 0) {
    if (errno != EINPROGRESS) return refused(errno);
    BDAAS_TRY(made.await(POLLOUT, options.connect_timeout));
  }
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(made.fd_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return refused(code);
  return made;
}

Result<bool> StreamSocket::wait_for(short events, Millis limit) const {
  const auto end = Steady::now() + limit;
  for (auto now = Steady::now(); now < end; now = Steady::now()) {
    if (options_.cancel != nullptr && options_.cancel->load()) {
      return fail(ErrorKind::cancelled, "the talk with {} was cancelled", peer_);
    }
    const auto left = std::chrono::ceil<Millis>(end - now);
    pollfd wanted{.fd = fd_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::min(left, kLook).count()));
    if (ready > 0 && (wanted.revents & POLLRDHUP) != 0) return broken("it was closed there");
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return broken(std::strerror(errno));
  }
  return false;
}

Result<> StreamSocket::await(short events, Millis limit) const {
  BDAAS_ASSIGN(const bool ready, wait_for(events, limit));
  if (ready) return {};
  return fail(ErrorKind::deadline_exceeded, "{} did not answer for {}", peer_,
              human_duration(limit));
}

Result<> StreamSocket::stay_idle(Millis span) const {
  BDAAS_ASSIGN(const bool disturbed, wait_for(POLLIN, span));
  if (disturbed) return broken("it was closed there");
  return {};
}

bool StreamSocket::has_input() const {
  pollfd wanted{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  return !input_.empty() || ::poll(&wanted, 1, 0) > 0;
}

Result<> StreamSocket::send(std::initializer_list<std::string_view> pieces) {
  assert(pieces.size() <= kPiecesMax);
  std::array<iovec, kPiecesMax> vectors{};
  std::size_t count = 0;
  for (const auto piece : pieces) {
    // sendmsg() does not write to it; the structure is shared with recvmsg().
    vectors[count++] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
  }
  std::size_t first = 0;
  while (first < count) {
    msghdr message{};
    message.msg_iov = &vectors[first];
    message.msg_iovlen = count - first;
    ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return broken(std::strerror(errno));
      // Who has stopped talking takes nothing more either.
      BDAAS_TRY(await(POLLOUT | POLLRDHUP, options_.silence_max));
      continue;
    }
    while (first < count && static_cast<std::size_t>(sent) >= vectors[first].iov_len) {
      sent -= static_cast<ssize_t>(vectors[first++].iov_len);
    }
    if (first < count) {
      vectors[first].iov_base = static_cast<char*>(vectors[first].iov_base) + sent;
      vectors[first].iov_len -= static_cast<std::size_t>(sent);
    }
  }
  return {};
}

Result<> StreamSocket::fill() {
  std::array<char, kInputBytes> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      input_.append(buffer.data(), static_cast<std::size_t>(got));
      return {};
    }
    if (got == 0) return broken("it was closed there");
    if (errno == EAGAIN) {
      BDAAS_TRY(await(POLLIN, options_.silence_max));
    } else if (errno != EINTR) {
      return broken(std::strerror(errno));
    }
  }
}

Result<std::string> StreamSocket::receive(std::size_t bytes) {
  while (input_.size() < bytes) BDAAS_TRY(fill());
  std::string taken = input_.substr(0, bytes);
  input_.erase(0, bytes);
  return taken;
}

Result<std::string> StreamSocket::receive_delimited(std::size_t bytes_max) {
  std::uint64_t bytes = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    BDAAS_ASSIGN(const auto byte, receive(1));
    bytes |= static_cast<std::uint64_t>(byte[0] & 0x7F) << shift;
    if ((byte[0] & 0x80) != 0) continue;
    if (bytes <= bytes_max) return receive(bytes);
    break;
  }
  return fail(ErrorKind::corrupted, "{} announced a message of {} bytes; at most {} make sense",
              peer_, bytes, bytes_max);
}

}  // namespace bdaas
