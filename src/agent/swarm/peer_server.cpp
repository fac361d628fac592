#include "agent/swarm/peer_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/constant_time.h"
#include "base/os_error.h"
#include "base/tcp_bind.h"
#include "model/swarm_messages.h"

namespace bdaas {

namespace {

constexpr int kBacklog = 64;
constexpr std::size_t kGuestsMax = 256;
constexpr Millis kSecretTime{10'000};

}  // namespace

Result<PeerServer> PeerServer::listen(const std::string& address, Secret<std::string> secret,
                                      const ChunkFiles& files) {
  BDAAS_ASSIGN(auto fd, bind_tcp(address, 0));
  sockaddr_in name{};
  socklen_t size = sizeof name;
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return os_error(errno, fmt::format("cannot listen on {}", address));
  }
  return PeerServer(std::move(fd), ntohs(name.sin_port), std::move(secret), files);
}

void PeerServer::watch(std::vector<pollfd>& fds) const {
  fds.push_back({guests_.size() < kGuestsMax ? fd_.get() : -1, POLLIN, 0});
  for (const auto& guest : guests_) {
    fds.push_back({guest.fd.get(), static_cast<short>(guest.chunk >= 0 ? POLLOUT : POLLIN), 0});
  }
}

void PeerServer::turn(std::span<const pollfd> seen, Steady::time_point now) {
  std::vector<Guest> staying;
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    auto& guest = guests_[i];
    const bool is_late = !guest.is_known && now - guest.since > kSecretTime;
    if (!is_late && (seen[i + 1].revents == 0 || serve(guest))) staying.push_back(std::move(guest));
  }
  guests_ = std::move(staying);
  if (seen[0].revents != 0) accept_all(now);
}

void PeerServer::accept_all(Steady::time_point now) {
  while (guests_.size() < kGuestsMax) {
    UniqueFd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return;
    guests_.push_back({.fd = std::move(fd), .since = now, .said = {}});
  }
}

// False: the dialogue is over.
bool PeerServer::serve(Guest& guest) const {
  return guest.chunk >= 0 ? give(guest) : listen_to(guest);
}

bool PeerServer::listen_to(Guest& guest) const {
  const std::size_t wanted = guest.is_known ? kChunkRequestBytes : kSwarmSecretBytes;
  char buffer[kSwarmSecretBytes];
  const ssize_t got = ::recv(guest.fd.get(), buffer, wanted - guest.said.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  guest.said.append(buffer, static_cast<std::size_t>(got));
  if (guest.said.size() < wanted) return true;
  const std::string said = std::exchange(guest.said, {});
  if (!guest.is_known) {
    guest.is_known = equal_in_constant_time(said, secret_.reveal());
    return guest.is_known;
  }
  const auto chunk = read_chunk_request(said, files_->map().count());
  if (!chunk || !files_->has().has(*chunk)) return false;
  guest.chunk = *chunk;
  guest.sent = 0;
  return give(guest);
}

bool PeerServer::give(Guest& guest) const {
  const auto sent = files_->send(guest.chunk, guest.sent, guest.fd.get());
  if (!sent) return false;  // the one who waits for it tells the manager
  guest.sent += *sent;
  if (guest.sent == files_->map().bytes_of(guest.chunk)) guest.chunk = -1;
  return true;
}

}  // namespace bdaas
