#include "agent/link_server.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr std::size_t kConnectionsMax = 64;
constexpr std::size_t kUnsentMax = 2 * kMaxMessageBytes;

bool is_same_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

}  // namespace

std::vector<Order> Connection::receive() {
  std::vector<Order> orders;
  std::array<char, 64 * 1024> buffer;
  const ssize_t got = open() ? ::recv(fd_.get(), buffer.data(), buffer.size(), 0) : 0;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return orders;
  if (got <= 0 || !in_.append({buffer.data(), static_cast<std::size_t>(got)})) {
    close();
    return orders;
  }
  while (const auto line = in_.next()) {
    auto order = read_order(*line);
    if (!order) {
      close();  // a manager never says this; whoever it is, the rest is of no use
      return orders;
    }
    orders.push_back(std::move(*order));
    has_ordered_ = true;
  }
  return orders;
}

void Connection::send(const Report& report) {
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  }
  out_ += write_report(report);
}

void Connection::send_new(std::span<const Outbox::Entry> entries) {
  for (const auto& entry : entries) {
    if (entry.seq <= last_seq_) continue;
    if (unsent() + entry.line.size() > kUnsentMax) return;
    out_ += entry.line;
    last_seq_ = entry.seq;
  }
}

void Connection::flush() {
  while (open() && unsent() > 0) {
    const ssize_t sent = ::send(fd_.get(), out_.data() + sent_, unsent(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return close();
    sent_ += static_cast<std::size_t>(sent);
  }
  if (sent_ >= out_.size() / 2) {
    out_.erase(0, sent_);
    sent_ = 0;
    if (out_.empty()) out_.shrink_to_fit();
  }
}

void Connection::wait_for(WaitSet& wait) const {
  wait.on_readable(fd_.get());
  if (unsent() > 0) wait.on_writable(fd_.get());
}

Result<LinkServer> LinkServer::listen(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) {
    return fail(ErrorKind::invalid_argument, "the socket name '{}' is too long", name);
  }
  name.copy(address.sun_path, name.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return os_error(errno, "cannot make a socket");
  ::unlink(name.c_str());  // of an agent that is gone: the caller holds the lock
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 128) != 0) {
    return os_error(errno, fmt::format("cannot listen at '{}'", name));
  }
  return LinkServer(std::move(fd));
}

void LinkServer::accept(const Hello& hello) {
  for (;;) {
    UniqueFd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return;
    if (!is_same_user(fd.get())) continue;
    if (connections_.size() >= kConnectionsMax) {
      const auto silent = std::ranges::find(connections_, false, &Connection::has_ordered);
      if (silent == connections_.end()) continue;
      connections_.erase(silent);
    }
    connections_.emplace_back(std::move(fd)).send(hello);
  }
}

void LinkServer::drop_closed() {
  connections_.remove_if([](const Connection& connection) { return !connection.open(); });
}

void LinkServer::wait_for(WaitSet& wait) const {
  wait.on_readable(fd_.get());
  for (const auto& connection : connections_) connection.wait_for(wait);
}

}  // namespace bdaas
