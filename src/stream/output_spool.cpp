#include "stream/output_spool.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "base/os_error.h"
#include "base/subprocess.h"

namespace bdaas {

namespace {

constexpr std::int64_t kTailReadBytes = 64 * 1024;
constexpr OutputStream kStreams[] = {OutputStream::out, OutputStream::err, OutputStream::work};

// Content of the .end file.
struct EndMark {
  std::int64_t bytes = 0;  // that the program wrote, kept or not
  std::string note;
  static constexpr auto fields() {
    return std::tuple{required("bytes", &EndMark::bytes, ""), optional("note", &EndMark::note, "")};
  }
};

Result<EndMark> read_end_mark(const fs::path& path) {
  BDAAS_ASSIGN(const auto text, read_file(path, 64 * 1024));
  BDAAS_ASSIGN(const auto value, parse_json(text));
  return from_json<EndMark>(value);
}

fs::path end_mark_of(const fs::path& path) { return path.native() + ".end"; }

std::int64_t size_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : 0;
}

Result<> write_at(int fd, std::string_view bytes, std::int64_t offset, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return os_error(errno, fmt::format("cannot write '{}'", path.native()));
    offset += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_range(const fs::path& path, std::int64_t offset, std::int64_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid() && errno == ENOENT) return std::string();
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  std::string bytes(static_cast<std::size_t>(bytes_max), '\0');
  ssize_t got = -1;
  do {
    got = ::pread(fd.get(), bytes.data(), bytes.size(), offset);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return os_error(errno, fmt::format("cannot read '{}'", path.native()));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace

struct FileSpool::Stream {
  fs::path path;
  bool is_work = false;
  std::int64_t taken = 0;  // of what the program wrote
  std::int64_t kept = 0;   // of it, at the front of the file
  bool ended = false;
  std::string note;
  std::string tail;  // the newest of what came behind the kept part
  UniqueFd fd;

  SpoolState state() const { return {taken, ended}; }
};

class FileSpool::Listener final : public SpoolReader::Subscription {
 public:
  Listener(FileSpool& spool, const StepId& step, std::function<void()> on_change)
      : wake(std::move(on_change)), spool_(spool) {
    const std::lock_guard lock(spool_.listeners_mutex_);
    place_ = spool_.listeners_.emplace(step, this);
  }
  ~Listener() override {
    const std::lock_guard lock(spool_.listeners_mutex_);
    spool_.listeners_.erase(place_);
  }

  const std::function<void()> wake;

 private:
  FileSpool& spool_;
  std::multimap<StepId, Listener*>::iterator place_;
};

FileSpool::FileSpool(StateDir dir, SpoolLimits limits) : dir_(std::move(dir)), limits_(limits) {}
FileSpool::~FileSpool() = default;

fs::path FileSpool::path_of(const StepId& step, OutputStream stream) const {
  const auto directory = dir_.steps() / step.text;
  return stream == OutputStream::work ? directory / "work.tar" : directory / to_text(stream);
}

// ---- taking ----

FileSpool::Stream FileSpool::load(const StepId& step, OutputStream stream) const {
  Stream loaded;
  loaded.path = path_of(step, stream);
  loaded.is_work = stream == OutputStream::work;
  if (const auto mark = read_end_mark(end_mark_of(loaded.path))) {
    loaded.ended = true;
    loaded.taken = mark->bytes;
    loaded.note = mark->note;
    return loaded;
  }
  // Behind the limit stands at most an end that was not completed; it is made again.
  const auto limit = loaded.is_work ? limits_.work_bytes_max : limits_.head_bytes_max;
  loaded.kept = std::min(size_of(loaded.path), limit);
  loaded.taken = loaded.kept;
  return loaded;
}

FileSpool::Stream* FileSpool::find(const StepId& step, OutputStream stream) const {
  const auto found = streams_.find({step, stream});
  return found == streams_.end() ? nullptr : found->second.get();
}

Result<SpoolState> FileSpool::append(const StepId& step, OutputStream stream, std::int64_t offset,
                                     std::string_view bytes, bool end) {
  BDAAS_TRY(check_relative_name(step.text));
  auto result = [&] {
    const std::lock_guard lock(mutex_);
    return append_locked(step, stream, offset, bytes, end);
  }();
  notify(step);
  return result;
}

Result<SpoolState> FileSpool::append_locked(const StepId& step, OutputStream stream,
                                            std::int64_t offset, std::string_view bytes, bool end) {
  Stream* present = find(step, stream);
  if (present == nullptr) {
    auto loaded = std::make_unique<Stream>(load(step, stream));
    if (loaded->ended) return loaded->state();
    BDAAS_TRY(make_directory(loaded->path.parent_path(), 0700));
    loaded->fd.reset(
        ::open(loaded->path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!loaded->fd.valid()) {
      return os_error(errno, fmt::format("cannot open '{}'", loaded->path.native()));
    }
    present = streams_.emplace(std::pair(step, stream), std::move(loaded)).first->second.get();
  }
  if (present->ended) return present->state();
  const auto known = present->taken - offset;
  if (offset < 0 || known < 0) {
    return fail(ErrorKind::failed_precondition,
                "{} of step {} goes on at byte {}, not {}; follow it again from there",
                to_text(stream), step.text, present->taken, offset);
  }
  if (known <= static_cast<std::int64_t>(bytes.size())) {
    bytes.remove_prefix(static_cast<std::size_t>(known));
    BDAAS_TRY(take(*present, bytes));
    if (end) BDAAS_TRY(this->end(*present));
  }
  const SpoolState state = present->state();
  if (state.ended) streams_.erase({step, stream});
  return state;
}

Result<> FileSpool::take(Stream& stream, std::string_view bytes) const {
  const auto limit = stream.is_work ? limits_.work_bytes_max : limits_.head_bytes_max;
  const auto room = static_cast<std::size_t>(std::max<std::int64_t>(limit - stream.kept, 0));
  const auto kept = bytes.substr(0, room);
  BDAAS_TRY(write_at(stream.fd.get(), kept, stream.kept, stream.path));
  stream.kept += static_cast<std::int64_t>(kept.size());
  stream.taken += static_cast<std::int64_t>(bytes.size());
  const auto rest = bytes.substr(kept.size());
  if (rest.empty()) return {};
  if (stream.is_work) {
    stream.note = fmt::format(
        "the files left in the working directory are more than {} MiB; the "
        "others were left out",
        limits_.work_bytes_max >> 20);
    return end(stream);
  }
  const auto tail_max = static_cast<std::size_t>(limits_.tail_bytes_max);
  stream.tail += rest;
  if (stream.tail.size() > 2 * tail_max) stream.tail.erase(0, stream.tail.size() - tail_max);
  return {};
}

// Repeatable until the mark is written: the file is made anew behind the kept part.
Result<> FileSpool::end(Stream& stream) const {
  if (stream.ended) return {};
  const auto tail_max = static_cast<std::size_t>(limits_.tail_bytes_max);
  if (stream.tail.size() > tail_max) stream.tail.erase(0, stream.tail.size() - tail_max);
  const auto left_out =
      stream.is_work ? 0
                     : stream.taken - stream.kept - static_cast<std::int64_t>(stream.tail.size());
  std::string behind = stream.tail;
  if (left_out > 0) {
    stream.note = fmt::format("{} bytes were left out", left_out);
    behind = fmt::format("\n[... {} ...]\n{}", stream.note, stream.tail);
  }
  if (stream.fd.valid()) {
    if (::ftruncate(stream.fd.get(), stream.kept) != 0) {
      return os_error(errno, fmt::format("cannot cut '{}'", stream.path.native()));
    }
    BDAAS_TRY(write_at(stream.fd.get(), behind, stream.kept, stream.path));
  }
  const auto mark = to_json(EndMark{stream.taken, stream.note});
  BDAAS_TRY(write_file(end_mark_of(stream.path), write_json(mark), 0600));
  stream.ended = true;
  return {};
}

void FileSpool::close(const StepId& step) {
  if (!check_relative_name(step.text)) return;
  {
    const std::lock_guard lock(mutex_);
    for (const auto stream : kStreams) {
      const auto state = append_locked(step, stream, 0, {}, false);
      Stream* open = find(step, stream);
      if (!state || open == nullptr) continue;
      open->note = open->taken > 0 ? "cut off: its node sent no more of it"
                                   : "missing: its node sent nothing of it";
      if (end(*open)) {
        streams_.erase({step, stream});
      } else {
        open->ended = true;  // no room for the mark: known until a restart, then it is closed again
      }
    }
  }
  notify(step);
}

// ---- reading ----

SpoolState FileSpool::state(const StepId& step, OutputStream stream) const {
  const std::lock_guard lock(mutex_);
  const Stream* open = find(step, stream);
  return open != nullptr ? open->state() : load(step, stream).state();
}

std::string FileSpool::note(const StepId& step, OutputStream stream) const {
  const std::lock_guard lock(mutex_);
  const Stream* open = find(step, stream);
  return open != nullptr ? open->note : load(step, stream).note;
}

std::string FileSpool::tail(const StepId& step, OutputStream stream, int lines) const {
  const auto path = path_of(step, stream);
  std::string behind;
  {
    const std::lock_guard lock(mutex_);
    if (const Stream* open = find(step, stream)) behind = open->tail;
  }
  const auto from = std::max<std::int64_t>(size_of(path) - kTailReadBytes, 0);
  const auto text = read_range(path, from, kTailReadBytes);
  return last_lines(text.value_or("") + behind, lines);
}

Result<SpoolReader::Part> FileSpool::read_at(const StepId& step, OutputStream stream,
                                             std::int64_t offset, std::int64_t bytes_max) const {
  const bool ended = state(step, stream).ended;  // before reading: then the file is whole
  const auto path = path_of(step, stream);
  BDAAS_ASSIGN(auto bytes, read_range(path, offset, bytes_max));
  const auto end = offset + static_cast<std::int64_t>(bytes.size());
  return Part{std::move(bytes), ended && end >= size_of(path)};
}

std::unique_ptr<SpoolReader::Subscription> FileSpool::subscribe(const StepId& step,
                                                                std::function<void()> wake) {
  return std::make_unique<Listener>(*this, step, std::move(wake));
}

void FileSpool::notify(const StepId& step) {
  const std::lock_guard lock(listeners_mutex_);
  const auto [first, last] = listeners_.equal_range(step);
  for (auto it = first; it != last; ++it) it->second->wake();
}

}  // namespace bdaas
