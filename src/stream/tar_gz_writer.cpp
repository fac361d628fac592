#include "stream/tar_gz_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr int kBlockBytes = 64 * 1024;

struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

}  // namespace

struct TarGzWriter::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  // Without archive_write_fail() a close would complete the present file, with as many zeros as are
  // left of it; without archive_write_close() libarchive keeps its buffers for ever.
  ~State() {
    if (!closed) {
      abandoned = true;
      archive_write_fail(handle);
      archive_write_close(handle);
    }
    archive_write_free(handle);
  }

  UniqueFd fd;
  std::string what;
  Time mtime{};
  int error = 0;  // errno of the first write that failed
  Sha256 archive_hash;
  std::int64_t archive_bytes = 0;

  std::string file;  // the present one
  std::int64_t file_bytes = 0;
  std::int64_t file_left = 0;
  Sha256 file_hash;

  archive* handle = archive_write_new();
  bool closed = false;
  bool abandoned = false;  // what still comes goes nowhere
};

namespace {

// An error is noted, not returned: after one libarchive frees no buffer of its filters.
la_ssize_t write_out(archive*, void* context, const void* buffer, std::size_t size) {
  auto& state = *static_cast<TarGzWriter::State*>(context);
  if (state.abandoned || state.error != 0) return static_cast<la_ssize_t>(size);
  const auto* bytes = static_cast<const char*>(buffer);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::write(state.fd.get(), bytes + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      state.error = errno;
      return static_cast<la_ssize_t>(size);
    }
    done += static_cast<std::size_t>(got);
  }
  state.archive_hash.update({bytes, size});
  state.archive_bytes += static_cast<std::int64_t>(size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

TarGzWriter::TarGzWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarGzWriter::~TarGzWriter() = default;

Result<std::unique_ptr<TarGzWriter>> TarGzWriter::open(UniqueFd fd, std::string what, Time mtime) {
  auto state = std::make_unique<State>();
  state->fd = std::move(fd);
  state->what = std::move(what);
  state->mtime = mtime;
  archive* handle = state->handle;
  // GNU's format takes names as bytes; pax would convert them, which fails in the C locale the
  // process runs in. The lowest level: most results are read once, and the job waits. No time in
  // the header.
  const bool ready =
      archive_write_set_format_gnutar(handle) == ARCHIVE_OK &&
      archive_write_add_filter_gzip(handle) == ARCHIVE_OK &&
      archive_write_set_filter_option(handle, "gzip", "compression-level", "1") == ARCHIVE_OK &&
      archive_write_set_filter_option(handle, "gzip", "timestamp", nullptr) == ARCHIVE_OK &&
      archive_write_set_bytes_per_block(handle, kBlockBytes) == ARCHIVE_OK &&
      archive_write_set_bytes_in_last_block(handle, 1) == ARCHIVE_OK &&
      archive_write_open2(handle, state.get(), nullptr, write_out, nullptr, nullptr) == ARCHIVE_OK;
  std::unique_ptr<TarGzWriter> writer(new TarGzWriter(std::move(state)));
  if (!ready) return writer->failure();
  return writer;
}

Error TarGzWriter::failure() const {
  if (state_->error == ENOSPC || state_->error == EDQUOT) {
    return fail(ErrorKind::resource_exhausted,
                "the disk is full after {} bytes of '{}'; free some space", state_->archive_bytes,
                state_->what);
  }
  if (state_->error != 0) {
    return os_error(state_->error, fmt::format("cannot write '{}'", state_->what));
  }
  const char* why = archive_error_string(state_->handle);
  return fail(ErrorKind::internal, "cannot write '{}': {}", state_->what,
              why == nullptr ? "no reason given" : why);
}

Result<> TarGzWriter::begin_file(const std::string& name, std::int64_t bytes) {
  BDAAS_TRY(check_relative_name(name));
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_copy_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), bytes);
  archive_entry_set_mtime(entry.get(), state_->mtime.time_since_epoch() / std::chrono::seconds(1),
                          0);
  const int wrote = archive_write_header(state_->handle, entry.get());
  if (wrote != ARCHIVE_OK || state_->error != 0) return failure();
  state_->file = name;
  state_->file_bytes = bytes;
  state_->file_left = bytes;
  state_->file_hash = Sha256();
  return {};
}

Result<> TarGzWriter::write(std::string_view bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > state_->file_left) {
    return fail(ErrorKind::corrupted, "'{}' has more than the {} bytes it was listed with",
                printable(state_->file), state_->file_bytes);
  }
  state_->file_hash.update(bytes);
  state_->file_left -= static_cast<std::int64_t>(bytes.size());
  const auto written = archive_write_data(state_->handle, bytes.data(), bytes.size());
  if (written != static_cast<la_ssize_t>(bytes.size()) || state_->error != 0) return failure();
  return {};
}

Result<std::string> TarGzWriter::end_file() {
  if (state_->file_left != 0) {
    return fail(ErrorKind::corrupted, "'{}' ended {} bytes before the {} it was listed with",
                printable(state_->file), state_->file_left, state_->file_bytes);
  }
  const int ended = archive_write_finish_entry(state_->handle);
  if (ended != ARCHIVE_OK || state_->error != 0) return failure();
  return state_->file_hash.hex();
}

Result<TarGzWriter::Written> TarGzWriter::finish() {
  state_->closed = true;
  const int ended = archive_write_close(state_->handle);
  if (ended != ARCHIVE_OK || state_->error != 0) return failure();
  if (::fdatasync(state_->fd.get()) != 0 && errno != EINVAL) {  // EINVAL: a pipe or a device
    return os_error(errno, fmt::format("cannot sync '{}'", state_->what));
  }
  return Written{state_->archive_hash.hex(), state_->archive_bytes};
}

}  // namespace bdaas
