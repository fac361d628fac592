#include "agent/swarm/peer_fetches.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/os_error.h"
#include "model/swarm_messages.h"

namespace bdaas {

namespace {

constexpr Millis kConnectTime{5'000};
constexpr Millis kStallTime{20'000};
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsATurn = 8;  // from one peer, so that none keeps the others waiting

}  // namespace

std::optional<PeerAddress> read_peer_address(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  in_addr host{};
  if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &host) != 1) return std::nullopt;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, port);
  if (read.ec != std::errc() || read.ptr != end || port == 0) return std::nullopt;
  return PeerAddress{host.s_addr, htons(port)};
}

Result<> PeerFetches::dial(Peer& peer, const std::string& from) const {
  const auto address = read_peer_address(from);
  if (!address) return fail(ErrorKind::invalid_argument, "'{}' is no address", printable(from));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = address->host;
  name.sin_port = address->port;
  peer.fd = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!peer.fd.valid()) return os_error(errno, "cannot make a socket");
  const auto* any = reinterpret_cast<const sockaddr*>(&name);
  if (::connect(peer.fd.get(), any, sizeof name) != 0 && errno != EINPROGRESS) {
    return os_error(errno, "cannot connect");
  }
  peer.unsent = secret_.reveal();
  return {};
}

void PeerFetches::fetch(int chunk, const std::string& from, Steady::time_point now) {
  if (files_.has().has(chunk)) return events_.have(chunk);
  const auto [found, is_new] = peers_.try_emplace(from);
  Peer& peer = found->second;
  if (peer.wanted.empty()) peer.heard_at = now;
  peer.wanted.push_back(chunk);
  if (is_new) {
    if (auto dialled = dial(peer, from); !dialled) return give_up(from, dialled.error().message);
  }
  peer.unsent += write_chunk_request(chunk);
}

void PeerFetches::watch(std::vector<pollfd>& fds) const {
  for (const auto& [from, peer] : peers_) {
    const bool writes = !peer.is_connected || !peer.unsent.empty();
    fds.push_back({peer.fd.get(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0});
  }
}

void PeerFetches::turn(std::span<const pollfd> seen, Steady::time_point now) {
  std::vector<std::pair<std::string, std::string>> ended;
  std::size_t i = 0;
  for (auto& [from, peer] : peers_) {
    auto why = serve(seen[i++], peer, now);
    if (!why.empty()) ended.emplace_back(from, std::move(why));
  }
  for (const auto& [from, why] : ended) give_up(from, why);
}

// Why the dialogue is over; empty: it is not.
std::string PeerFetches::serve(const pollfd& seen, Peer& peer, Steady::time_point now) {
  const auto limit = peer.is_connected ? kStallTime : kConnectTime;
  if (seen.revents == 0) {
    const bool is_late = !peer.wanted.empty() && now - peer.heard_at > limit;
    return is_late ? fmt::format("nothing came within {}", human_duration(limit)) : "";
  }
  if (!peer.is_connected) {
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(peer.fd.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) return std::strerror(code);
    peer.is_connected = true;
  }
  while (!peer.unsent.empty()) {
    const ssize_t sent =
        ::send(peer.fd.get(), peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return std::strerror(errno);
    if (sent < 0) break;
    peer.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  if ((seen.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return {};
  std::string why;
  for (int i = 0; i < kReadsATurn; ++i) {
    const auto step = take(peer, why);
    if (step == Step::ended) return why;
    if (step == Step::waits) break;
    peer.heard_at = now;
  }
  return {};
}

PeerFetches::Step PeerFetches::take(Peer& peer, std::string& why) {
  std::array<char, kReadBytes> buffer;
  if (!peer.writer && !peer.wanted.empty()) {
    const int chunk = peer.wanted.front();
    if (files_.has().has(chunk) || files_.is_coming(chunk)) {
      why = "it comes from elsewhere";
      return Step::ended;
    }
    peer.writer.emplace(files_, chunk);
  }
  const auto left = peer.writer ? peer.writer->left() : 1;
  const auto most = std::min(buffer.size(), static_cast<std::size_t>(left));
  const ssize_t got = ::recv(peer.fd.get(), buffer.data(), most, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Step::waits;
  if (got <= 0 || !peer.writer) {
    why = got < 0 ? std::strerror(errno) : "it ended the connection";
    return Step::ended;
  }
  auto written = peer.writer->write({buffer.data(), static_cast<std::size_t>(got)});
  if (!written) {
    error_ = written;
    why = written.error().message;
    return Step::ended;
  }
  if (peer.writer->left() > 0) return Step::goes_on;
  const bool is_right = peer.writer->finish();
  peer.writer.reset();
  if (!is_right) {
    why = "its bytes are wrong";
    return Step::ended;
  }
  events_.have(peer.wanted.front());
  peer.wanted.pop_front();
  return Step::goes_on;
}

void PeerFetches::give_up(const std::string& from, const std::string& why) {
  const auto found = peers_.find(from);
  const auto wanted = std::move(found->second.wanted);
  peers_.erase(found);
  for (const int chunk : wanted) events_.missed(chunk, from, why);
}

}  // namespace bdaas
