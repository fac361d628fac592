#include "transport/swarm/swarm_link.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/files.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr std::size_t kReportBytesMax = 1u << 20;
constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

SwarmLink::SwarmLink(UniqueFd stream, const ChunkMap& map, const fs::path& packages)
    : stream_(std::move(stream)), map_(map), packages_(packages), lines_(kReportBytesMax) {}

pollfd SwarmLink::watch() const {
  const bool writes = sent_ < unsent_.size() || !seeds_.empty();
  return {stream_.get(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
}

Result<std::vector<SwarmReport>> SwarmLink::turn(short seen) {
  std::vector<SwarmReport> reports;
  if ((seen & (POLLIN | POLLHUP | POLLERR)) != 0) BDAAS_TRY(read_some(reports));
  if (!is_ended_ && (seen & POLLOUT) != 0) BDAAS_TRY(write_some());
  return reports;
}

Result<> SwarmLink::write_some() {
  for (;;) {
    if (sent_ == unsent_.size()) {
      unsent_.clear();
      sent_ = 0;
      if (seeds_.empty()) return {};
      BDAAS_TRY(next_piece());
    }
    const ssize_t put = ::send(stream_.get(), unsent_.data() + sent_, unsent_.size() - sent_,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    // An end is heard of by reading: the last word may say why.
    if (put < 0 && (errno == EAGAIN || errno == EPIPE || errno == ECONNRESET)) return {};
    if (put < 0) return os_error(errno, "cannot talk with it");
    sent_ += static_cast<std::size_t>(put);
    lively_at_ = Steady::now();
  }
}

// Small ones, so that orders between them are heard soon.
Result<> SwarmLink::next_piece() {
  const int chunk = seeds_.front();
  const auto bytes = std::min(kSeedPieceBytes, map_.bytes_of(chunk) - seed_at_);
  unsent_ = write_message(SwarmOrder{SeedPiece{chunk, bytes}});
  for (const auto& piece : map_.pieces(chunk, seed_at_, bytes)) {
    const auto path = packages_ / map_.packages()[piece.package].name / piece.file->path;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}' here", path.native()));
    const auto begin = unsent_.size();
    unsent_.resize(begin + static_cast<std::size_t>(piece.bytes));
    for (std::int64_t done = 0; done < piece.bytes;) {
      const ssize_t got = ::pread(fd.get(), unsent_.data() + begin + done,
                                  static_cast<std::size_t>(piece.bytes - done), piece.at + done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return os_error(errno, fmt::format("cannot read '{}' here", path.native()));
      if (got == 0) return fail(ErrorKind::corrupted, "'{}' became shorter here", path.native());
      done += got;
    }
  }
  seed_at_ += bytes;
  if (seed_at_ == map_.bytes_of(chunk)) {
    seeds_.pop_front();
    seed_at_ = 0;
  }
  return {};
}

Result<> SwarmLink::read_some(std::vector<SwarmReport>& reports) {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = ::recv(stream_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got <= 0) {
    is_ended_ = true;
    return {};
  }
  lively_at_ = Steady::now();
  BDAAS_TRY(lines_.append({buffer.data(), static_cast<std::size_t>(got)}));
  while (const auto line = lines_.next()) {
    BDAAS_ASSIGN(auto report, read_message<SwarmReport>(*line));
    reports.push_back(std::move(report));
  }
  return {};
}

}  // namespace bdaas
