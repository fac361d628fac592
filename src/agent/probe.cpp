#include "agent/probe.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

namespace bdaas {

namespace {

constexpr Millis kTryEvery{60};
constexpr Millis kAnswerTime{2'000};
constexpr std::size_t kAnswerBytesMax = 1u << 20;

// A connect to a port nobody listens on can meet itself when the kernel chooses that very port as
// its source.
bool met_itself(int fd) {
  sockaddr_in own{};
  sockaddr_in peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
         ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
         own.sin_port == peer.sin_port && own.sin_addr.s_addr == peer.sin_addr.s_addr;
}

}  // namespace

bool http_answer_holds(std::string_view answer, std::string_view expect) {
  constexpr std::size_t kVersionBytes = sizeof "HTTP/1.1" - 1;
  if (!answer.starts_with("HTTP/1.") || answer.size() < kVersionBytes) return false;
  if (!answer.substr(kVersionBytes).starts_with(" 200")) return false;
  const auto head_end = answer.find("\r\n\r\n");
  if (head_end == answer.npos) return false;
  return answer.substr(head_end + 4).find(expect) != answer.npos;
}

void Probing::begin(std::vector<Probe> probes) {
  *this = Probing();
  probes_ = std::move(probes);
}

bool Probing::tick(Instant now) {
  while (held_ < probes_.size()) {
    if (phase_ == Phase::idle && now < next_try_) return false;
    const auto answer = ask(probes_[held_], now);
    if (answer == Answer::not_yet && now < give_up_) return false;
    fd_.reset();
    phase_ = Phase::idle;
    if (answer != Answer::yes) {
      next_try_ = now + kTryEvery;
      return false;
    }
    ++held_;
  }
  return true;
}

void Probing::wait_for(WaitSet& wait) const {
  if (held_ == probes_.size()) return;
  if (phase_ == Phase::idle) return wait.at(next_try_);
  if (phase_ == Phase::connecting) wait.on_writable(fd_.get());
  if (phase_ == Phase::receiving) wait.on_readable(fd_.get());
  wait.at(give_up_);
}

Probing::Answer Probing::ask(const Probe& probe, Instant now) {
  if (probe.kind == ProbeKind::file) {
    struct stat status {};
    return ::stat(probe.path.c_str(), &status) == 0 ? Answer::yes : Answer::no;
  }
  if (phase_ == Phase::receiving) return receive(probe);
  if (phase_ == Phase::connecting) return connected(probe);
  give_up_ = now + kAnswerTime;
  return connect(probe);
}

Probing::Answer Probing::connect(const Probe& probe) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(probe.port));
  const char* address = probe.address.empty() ? "127.0.0.1" : probe.address.c_str();
  if (::inet_pton(AF_INET, address, &to.sin_addr) != 1) return Answer::no;
  fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) return Answer::no;
  phase_ = Phase::connecting;
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    return connected(probe);
  }
  return errno == EINPROGRESS ? Answer::not_yet : Answer::no;
}

Probing::Answer Probing::connected(const Probe& probe) {
  pollfd writable{fd_.get(), POLLOUT, 0};
  if (::poll(&writable, 1, 0) != 1) return Answer::not_yet;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    return Answer::no;
  }
  if (met_itself(fd_.get())) return Answer::no;
  if (probe.kind == ProbeKind::port) return Answer::yes;
  const auto request =
      fmt::format("GET {} HTTP/1.0\r\nHost: {}:{}\r\nConnection: close\r\n\r\n",
                  probe.path.empty() ? "/" : probe.path, probe.address, probe.port);
  // A fresh socket takes a few hundred bytes at once.
  if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Answer::no;
  }
  received_.clear();
  phase_ = Phase::receiving;
  return receive(probe);
}

Probing::Answer Probing::receive(const Probe& probe) {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return Answer::not_yet;
    if (got < 0) return Answer::no;
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0 || received_.size() > kAnswerBytesMax) {
      return http_answer_holds(received_, probe.expect) ? Answer::yes : Answer::no;
    }
  }
}

}  // namespace bdaas
