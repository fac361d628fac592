#include "agent/swarm/chunk_files.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/directory.h"
#include "base/lock_file.h"
#include "base/os_error.h"
#include "model/swarm_messages.h"

namespace bdaas {

namespace {

constexpr std::string_view kComing = ".coming-";
constexpr std::size_t kReadBytes = 64 * 1024;

template <class Call>
auto again_when_interrupted(Call call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

Result<UniqueFd> open_dir(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  return fd;
}

Result<> sync_dir(const fs::path& path) {
  BDAAS_ASSIGN(const auto fd, open_dir(path));
  if (::fsync(fd.get()) == 0) return {};
  return os_error(errno, fmt::format("cannot write '{}' to the disk", path.native()));
}

Result<> keep_file(const fs::path& path, const PackageFile& file) {
  const auto failed = [&] {
    return os_error(errno, fmt::format("cannot write '{}' to the disk", path.native()));
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() || ::fchmod(fd.get(), static_cast<mode_t>(file.mode & 0777)) != 0)
    return failed();
  const auto since_epoch = file.changed_at.time_since_epoch().count();
  const timespec changed{since_epoch / 1000, since_epoch % 1000 * 1'000'000};
  const std::array<timespec, 2> times{changed, changed};
  if (::futimens(fd.get(), times.data()) != 0 || ::fsync(fd.get()) != 0) return failed();
  return {};
}

// All of it reaches the disk before its name does.
Result<> keep(const fs::path& coming, const fs::path& kept, const PackageManifest& package) {
  for (const auto& file : package.files) BDAAS_TRY(keep_file(coming / file.path, file));
  std::error_code error;
  fs::recursive_directory_iterator all(coming, error);
  for (; !error && all != fs::recursive_directory_iterator(); all.increment(error)) {
    if (all->is_directory(error) && !error) BDAAS_TRY(sync_dir(all->path()));
  }
  if (error) return os_error(error.value(), fmt::format("cannot list '{}'", coming.native()));
  BDAAS_TRY(sync_dir(coming));
  if (::rename(coming.c_str(), kept.c_str()) != 0) {
    return os_error(errno, fmt::format("cannot name '{}'", kept.native()));
  }
  return sync_dir(kept.parent_path());
}

Result<UniqueFd> lock(const fs::path& packages) {
  const auto until = std::chrono::steady_clock::now() + kSwarmSilence + Millis{5'000};
  auto locked =
      lock_file(packages / ".lock", [&] { return std::chrono::steady_clock::now() >= until; });
  if (locked || locked.error().kind != ErrorKind::cancelled) return locked;
  return fail(ErrorKind::conflict, "packages are being brought into '{}' by another transfer",
              packages.native());
}

// Of a release that nobody brings any more.
Result<> remove_others(const fs::path& packages, const ChunkMap& map) {
  BDAAS_ASSIGN(const auto entries, list_directory(packages));
  for (const auto& entry : entries) {
    const std::string name = entry.filename().native();
    if (!name.starts_with(kComing)) continue;
    const auto& wanted = map.packages();
    const auto is_it = [&](const auto& one) { return name == std::string(kComing) + one.name; };
    if (std::none_of(wanted.begin(), wanted.end(), is_it)) BDAAS_TRY(remove_tree(entry));
  }
  return {};
}

}  // namespace

ChunkFiles::ChunkFiles(fs::path packages, ChunkMap map, UniqueFd lock)
    : packages_(std::move(packages)),
      map_(std::move(map)),
      lock_(std::move(lock)),
      ready_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      parts_(map_.packages().size()),
      has_(map_.count()),
      coming_(map_.count()) {}

ChunkFiles::~ChunkFiles() {
  for (auto& part : parts_) {
    if (part.keeping && part.keeping->thread.joinable()) part.keeping->thread.join();
  }
}

Result<ChunkFiles> ChunkFiles::open(const fs::path& packages, ChunkMap map, bool makes) {
  UniqueFd mine;
  if (makes) {
    BDAAS_TRY(make_directory(packages, 0700));
    BDAAS_ASSIGN(mine, lock(packages));
    BDAAS_TRY(remove_others(packages, map));
  }
  ChunkFiles files(packages, std::move(map), std::move(mine));
  if (!files.ready_.valid()) return os_error(errno, "cannot make an event");
  for (std::size_t i = 0; i < files.parts_.size(); ++i) {
    auto opened = files.open_package(i, makes);
    if (opened) continue;
    // It would take what others may need.
    if (opened.error().kind == ErrorKind::resource_exhausted) BDAAS_TRY(files.remove_unfinished());
    return std::move(opened).error();
  }
  return files;
}

fs::path ChunkFiles::coming(std::size_t index) const {
  return packages_ / (std::string(kComing) + map_.packages()[index].name);
}

Result<> ChunkFiles::open_package(std::size_t index, bool makes) {
  auto& part = parts_[index];
  const fs::path kept = packages_ / map_.packages()[index].name;
  std::error_code none;
  if (fs::is_directory(kept, none)) {
    part.is_kept = true;
    for (int i = map_.first_of(index); i < map_.end_of(index); ++i) has_.add(i);
    BDAAS_ASSIGN(part.dir, open_dir(kept));
    return {};
  }
  if (!makes) return {};
  const bool goes_on = fs::is_directory(coming(index), none);
  BDAAS_TRY(make_directory(coming(index), 0700));
  BDAAS_ASSIGN(part.dir, open_dir(coming(index)));
  if (auto made = make_files(index); !made) {
    return std::move(made).context(fmt::format("package {} of {} MiB",
                                               map_.packages()[index].name.substr(0, 12),
                                               map_.bytes_of_package(index) >> 20));
  }
  return goes_on ? verify(index) : Result<>();
}

Result<> ChunkFiles::make_files(std::size_t index) {
  for (const auto& file : map_.packages()[index].files) {
    const fs::path path = coming(index) / file.path;
    BDAAS_TRY(make_directory(path.parent_path(), 0700));
    const UniqueFd fd(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    const auto failed = [&] {
      return os_error(errno, fmt::format("cannot make '{}'", path.native()));
    };
    // An earlier transfer may have been about to keep it.
    if (!fd.valid() || ::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0) return failed();
    if (::ftruncate(fd.get(), file.bytes) != 0) return failed();
    const int code = file.bytes == 0 ? 0 : ::posix_fallocate(fd.get(), 0, file.bytes);
    if (code != 0) return os_error(code, fmt::format("cannot make '{}'", path.native()));
  }
  return {};
}

Result<> ChunkFiles::verify(std::size_t index) {
  std::string buffer(kReadBytes, '\0');
  for (int chunk = map_.first_of(index); chunk < map_.end_of(index); ++chunk) {
    PlainSha256 digest;
    for (const auto& piece : map_.pieces(chunk, 0, map_.bytes_of(chunk))) {
      BDAAS_ASSIGN(const auto fd, open_file(piece, O_RDONLY));
      for (std::int64_t at = piece.at, end = piece.at + piece.bytes; at < end;) {
        const auto wanted = std::min<std::int64_t>(end - at, kReadBytes);
        const ssize_t got = again_when_interrupted(
            [&] { return ::pread(fd.get(), buffer.data(), static_cast<std::size_t>(wanted), at); });
        if (got <= 0) return os_error(got < 0 ? errno : EIO, "cannot read what came earlier");
        digest.update({buffer.data(), static_cast<std::size_t>(got)});
        at += got;
      }
    }
    if (digest.hex() == map_.sha256_of(chunk)) has_.add(chunk);
  }
  return {};
}

Result<UniqueFd> ChunkFiles::open_file(const ChunkMap::Piece& piece, int flags) const {
  UniqueFd fd(::openat(parts_[piece.package].dir.get(), piece.file->path.c_str(),
                       flags | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", piece.file->path));
  return fd;
}

Result<> ChunkFiles::write(int chunk, std::int64_t offset, std::string_view bytes) {
  for (const auto& piece : map_.pieces(chunk, offset, static_cast<std::int64_t>(bytes.size()))) {
    BDAAS_ASSIGN(const auto fd, open_file(piece, O_WRONLY));
    for (std::int64_t done = 0; done < piece.bytes;) {
      const ssize_t put = again_when_interrupted([&] {
        return ::pwrite(fd.get(), bytes.data(), static_cast<std::size_t>(piece.bytes - done),
                        piece.at + done);
      });
      if (put < 0) return os_error(errno, fmt::format("cannot write '{}'", piece.file->path));
      bytes.remove_prefix(static_cast<std::size_t>(put));
      done += put;
    }
    // Begins now what fsync() waits for at the end.
    ::sync_file_range(fd.get(), piece.at, piece.bytes, SYNC_FILE_RANGE_WRITE);
  }
  return {};
}

Result<std::int64_t> ChunkFiles::send(int chunk, std::int64_t offset, int to) const {
  std::int64_t sent = 0;
  for (const auto& piece : map_.pieces(chunk, offset, map_.bytes_of(chunk) - offset)) {
    BDAAS_ASSIGN(const auto fd, open_file(piece, O_RDONLY));
    off_t at = piece.at;
    const ssize_t took = again_when_interrupted(
        [&] { return ::sendfile(to, fd.get(), &at, static_cast<std::size_t>(piece.bytes)); });
    if (took < 0 && errno == EAGAIN) break;
    if (took < 0) return os_error(errno, "cannot send to another machine");
    if (took == 0) return fail(ErrorKind::corrupted, "'{}' became shorter", piece.file->path);
    sent += took;
    if (took < piece.bytes) break;
  }
  return sent;
}

void ChunkFiles::keep_whole() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto& part = parts_[i];
    if (part.is_kept || part.keeping || !part.dir.valid()) continue;
    bool is_whole = true;
    for (int chunk = map_.first_of(i); chunk < map_.end_of(i); ++chunk) {
      is_whole = is_whole && has_.has(chunk);
    }
    if (!is_whole) continue;
    part.keeping = std::make_unique<Package::Keeping>();
    part.keeping->thread =
        std::thread([keeping = part.keeping.get(), from = coming(i), package = &map_.packages()[i],
                     to = packages_ / map_.packages()[i].name, ready = ready_.get()] {
          keeping->result = keep(from, to, *package);
          keeping->is_done = true;
          // Fails only when the counter is full, and then somebody looks.
          [[maybe_unused]] const int told = ::eventfd_write(ready, 1);
        });
  }
}

Result<bool> ChunkFiles::collect_kept() {
  eventfd_t count = 0;
  ::eventfd_read(ready_.get(), &count);
  bool all = true;
  for (auto& part : parts_) {
    if (part.keeping && part.keeping->is_done) {
      part.keeping->thread.join();
      const auto keeping = std::move(part.keeping);
      BDAAS_TRY(keeping->result);
      part.is_kept = true;
    }
    all = all && part.is_kept;
  }
  return all;
}

Result<> ChunkFiles::remove_unfinished() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].is_kept && !parts_[i].keeping) BDAAS_TRY(remove_tree(coming(i)));
  }
  return {};
}

ChunkWriter::ChunkWriter(ChunkFiles& files, int chunk)
    : files_(&files), chunk_(chunk), left_(files.map().bytes_of(chunk)) {
  files_->coming_.add(chunk);
}

ChunkWriter::~ChunkWriter() {
  if (files_ != nullptr) files_->coming_.remove(chunk_);
}

ChunkWriter::ChunkWriter(ChunkWriter&& other) noexcept
    : files_(std::exchange(other.files_, nullptr)),
      chunk_(other.chunk_),
      left_(other.left_),
      digest_(std::move(other.digest_)) {}

Result<> ChunkWriter::write(std::string_view bytes) {
  const auto offset = files_->map().bytes_of(chunk_) - left_;
  digest_.update(bytes);
  left_ -= static_cast<std::int64_t>(bytes.size());
  return files_->write(chunk_, offset, bytes);
}

bool ChunkWriter::finish() {
  if (digest_.hex() != files_->map().sha256_of(chunk_)) return false;
  files_->has_.add(chunk_);
  return true;
}

}  // namespace bdaas
