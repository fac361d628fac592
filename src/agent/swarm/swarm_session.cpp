#include "agent/swarm/swarm_session.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/os_error.h"
#include "model/host_messages.h"

namespace bdaas {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kReadsATurn = 8;
constexpr int kTurnMillis = 1'000;  // time-outs are looked at so often
constexpr Millis kLastWords{5'000};

}  // namespace

Result<> SwarmSession::run(int in, int out) {
  for (const int fd : {in, out}) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  SwarmSession session(in, out);
  auto talked = session.talk();
  const bool is_full = !talked && talked.error().kind == ErrorKind::resource_exhausted;
  if (is_full && session.files_) {
    session.fetches_.reset();
    session.seed_.reset();
    // What is left would take what others need; the first error is the one that is told.
    (void)session.files_->remove_unfinished();
  }
  if (!talked) session.say(SwarmRefusal{talked.error().kind, talked.error().message});
  const auto until = Steady::now() + kLastWords;
  while (!session.unsaid_.empty() && Steady::now() < until && session.write_some()) {
    pollfd waits{out, POLLOUT, 0};
    if (!session.unsaid_.empty()) ::poll(&waits, 1, kTurnMillis);
  }
  return talked;
}

Result<> SwarmSession::talk() {
  for (;;) {
    std::vector<pollfd> fds{{in_, POLLIN, 0},
                            {unsaid_.empty() ? -1 : out_, POLLOUT, 0},
                            {files_ ? files_->ready_fd() : -1, POLLIN, 0}};
    if (fetches_) fetches_->watch(fds);
    const auto peers = fds.size();
    if (server_) server_->watch(fds);
    if (::poll(fds.data(), fds.size(), kTurnMillis) < 0 && errno != EINTR) {
      return os_error(errno, "cannot wait");
    }
    const auto now = Steady::now();
    const std::span seen(fds);
    if (server_) server_->turn(seen.subspan(peers), now);
    if (fetches_) {
      fetches_->turn(seen.subspan(3, peers - 3), now);
      BDAAS_TRY(fetches_->error());
    }
    if (fds[2].revents != 0) BDAAS_TRY(look_at_kept());
    if (fds[0].revents != 0) {
      BDAAS_ASSIGN(const bool goes_on, read_some());
      if (!goes_on) break;
    } else if (now - heard_at_ > kSwarmSilence) {
      return fail(ErrorKind::deadline_exceeded, "nothing was heard of the manager for {}",
                  human_duration(kSwarmSilence));
    }
    if (!unsaid_.empty()) BDAAS_TRY(write_some());
  }
  if (is_kept_ || !wants_) return {};
  return fail(ErrorKind::cancelled, "the manager ended the transfer");
}

Result<bool> SwarmSession::read_some() {
  std::array<char, kReadBytes> buffer;
  for (std::size_t i = 0; i < kReadsATurn; ++i) {
    const ssize_t got = ::read(in_, buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got < 0) return os_error(errno, "cannot read what the manager says");
    if (got == 0) return false;
    heard_at_ = Steady::now();
    BDAAS_TRY(take_bytes({buffer.data(), static_cast<std::size_t>(got)}));
  }
  return true;
}

Result<> SwarmSession::take_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    if (seed_left_ > 0) {
      const auto part =
          bytes.substr(0, std::min(bytes.size(), static_cast<std::size_t>(seed_left_)));
      BDAAS_TRY(take_seed(part));
      bytes.remove_prefix(part.size());
      continue;
    }
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kMaxMessageBytes) {
      return fail(ErrorKind::corrupted, "a line of the manager is too long");
    }
    if (end == bytes.npos) return {};
    bytes.remove_prefix(end + 1);
    BDAAS_ASSIGN(auto order, read_message<SwarmOrder>(std::exchange(line_, {})));
    BDAAS_TRY(std::visit([this](auto& body) { return obey(std::move(body)); }, order));
  }
  return {};
}

Result<> SwarmSession::obey(JoinSwarm order) {
  if (files_) return fail(ErrorKind::corrupted, "the manager began twice");
  if (order.secret.size() != kSwarmSecretBytes) {
    return fail(ErrorKind::corrupted, "a secret of {} bytes", order.secret.size());
  }
  wants_ = order.wants;
  BDAAS_ASSIGN(auto map, ChunkMap::make(std::move(order.packages)));
  BDAAS_ASSIGN(auto opened,
               ChunkFiles::open(HostLayout{order.base}.packages(), std::move(map), wants_));
  files_.emplace(std::move(opened));
  const Secret<std::string> secret(std::move(order.secret));
  PeerFetches::Events events;
  events.have = [this](int chunk) { have(chunk); };
  events.missed = [this](int chunk, const std::string& from, std::string why) {
    say(MissedChunk{chunk, from, std::move(why)});
  };
  fetches_.emplace(*files_, secret, std::move(events));
  Joined joined;
  joined.have = runs_of(files_->has());
  // Without a port it still gets everything.
  if (auto server = PeerServer::listen(order.address, secret, *files_)) {
    server_.emplace(*std::move(server));
    joined.port = server_->port();
  }
  say(joined);
  ::malloc_trim(0);  // the list was parsed
  if (wants_) files_->keep_whole();
  return look_at_kept();
}

Result<int> SwarmSession::checked(std::int64_t chunk) const {
  if (!files_) return fail(ErrorKind::corrupted, "the manager did not begin with a list");
  if (chunk >= 0 && chunk < files_->map().count() && wants_) return static_cast<int>(chunk);
  return fail(ErrorKind::corrupted, "the manager speaks of chunk {} of {}", chunk,
              files_->map().count());
}

Result<> SwarmSession::obey(const SeedPiece& order) {
  BDAAS_ASSIGN(const int chunk, checked(order.chunk));
  if (seed_chunk_ < 0) {
    seed_chunk_ = chunk;
    seed_chunk_left_ = files_->map().bytes_of(chunk);
    if (!files_->has().has(chunk) && !files_->is_coming(chunk)) seed_.emplace(*files_, chunk);
  }
  if (chunk != seed_chunk_ || order.bytes <= 0 || order.bytes > seed_chunk_left_) {
    return fail(ErrorKind::corrupted, "{} bytes of chunk {} came at the wrong time", order.bytes,
                chunk);
  }
  seed_left_ = order.bytes;
  return {};
}

Result<> SwarmSession::take_seed(std::string_view bytes) {
  if (seed_) BDAAS_TRY(seed_->write(bytes));
  seed_left_ -= static_cast<std::int64_t>(bytes.size());
  seed_chunk_left_ -= static_cast<std::int64_t>(bytes.size());
  return seed_chunk_left_ > 0 ? Result<>() : finish_seed();
}

Result<> SwarmSession::finish_seed() {
  const int chunk = std::exchange(seed_chunk_, -1);
  const bool is_right = seed_ ? seed_->finish() : files_->has().has(chunk);
  seed_.reset();
  if (is_right) {
    have(chunk);
  } else {
    say(MissedChunk{chunk, "", "its bytes are wrong, or it came from elsewhere just then"});
  }
  return {};
}

Result<> SwarmSession::obey(const FetchChunk& order) {
  BDAAS_ASSIGN(const int chunk, checked(order.chunk));
  fetches_->fetch(chunk, order.from, Steady::now());
  return {};
}

Result<> SwarmSession::obey(const DropPeer& order) {
  if (fetches_) fetches_->drop(order.from);
  return {};
}

Result<> SwarmSession::obey(const SwarmPing&) {
  say(SwarmPong{});
  return {};
}

void SwarmSession::have(int chunk) {
  say(HaveChunk{chunk});
  files_->keep_whole();
}

Result<> SwarmSession::look_at_kept() {
  BDAAS_ASSIGN(const bool all, files_->collect_kept());
  if (all && !is_kept_) {
    is_kept_ = true;
    say(PackagesKept{});
  }
  return {};
}

Result<> SwarmSession::write_some() {
  while (!unsaid_.empty()) {
    const ssize_t put = ::write(out_, unsaid_.data(), unsaid_.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return {};
    if (put < 0) return os_error(errno, "cannot answer the manager");
    unsaid_.erase(0, static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace bdaas
