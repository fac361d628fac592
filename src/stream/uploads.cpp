#include "stream/uploads.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/directory.h"
#include "base/os_error.h"
#include "stream/program_check.h"
#include "stream/tree_check.h"

namespace bdaas {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr std::int64_t kWriteBackBytes = 8 << 20;
constexpr std::size_t kReadChunkBytes = 256 * 1024;

std::string mib(std::int64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

Result<> check_spec(const UploadSpec& spec) {
  BDAAS_TRY(check_relative_name(spec.name));
  if (spec.name.find('/') != spec.name.npos) {
    return fail(ErrorKind::invalid_argument, "the name '{}' has a '/'; give the file's own name",
                printable(spec.name));
  }
  if (spec.kind == UploadKind::program) BDAAS_TRY(program_kind_of(spec.name));
  if (spec.kind == UploadKind::data) BDAAS_TRY(check_hdfs_name(spec.name));
  if (spec.bytes <= 0) {
    return fail(ErrorKind::invalid_argument, "'{}' is empty; there is nothing to upload",
                printable(spec.name));
  }
  if (!spec.sha256.empty() && !is_sha256(spec.sha256)) {
    return fail(ErrorKind::invalid_argument, "sha256: expected 64 lower-case hex digits");
  }
  return {};
}

Result<Sha256> hash_of_front(int fd, std::int64_t bytes, const fs::path& path) {
  Sha256 hash;
  std::string buffer(kReadChunkBytes, '\0');
  for (std::int64_t at = 0; at < bytes;) {
    const auto wanted = std::min<std::int64_t>(bytes - at, kReadChunkBytes);
    const ssize_t got = ::pread(fd, buffer.data(), static_cast<std::size_t>(wanted), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, fmt::format("cannot read '{}'", path.native()));
    if (got == 0) return fail(ErrorKind::corrupted, "'{}' has lost bytes", path.native());
    hash.update({buffer.data(), static_cast<std::size_t>(got)});
    at += got;
  }
  return hash;
}

// What lies in <id>.json.
struct UploadInfo {
  UploadId id;
  UserId owner;
  UploadSpec spec;
  std::string metadata;
  DataSetId data_set;                           // its id to be, of data
  Time touched_at{};                            // saved at creation and at the end
  std::optional<std::int64_t> unverified_from;  // a piece with a checksum begins here
  std::optional<json::value> finished;          // the Program or DataSet it became
  std::string object;

  static constexpr auto fields() {
    return std::tuple{required("id", &UploadInfo::id, ""),
                      required("owner", &UploadInfo::owner, ""),
                      required("spec", &UploadInfo::spec, ""),
                      optional("metadata", &UploadInfo::metadata, ""),
                      optional("data_set", &UploadInfo::data_set, ""),
                      required("touched_at", &UploadInfo::touched_at, ""),
                      optional("unverified_from", &UploadInfo::unverified_from, ""),
                      optional("finished", &UploadInfo::finished, ""),
                      optional("object", &UploadInfo::object, "")};
  }
};

Result<FinishedUpload> parse_finished(const UploadInfo& info) {
  if (info.spec.kind == UploadKind::program) {
    BDAAS_ASSIGN(auto program, from_json<Program>(*info.finished));
    return FinishedUpload(std::move(program));
  }
  BDAAS_ASSIGN(auto data, from_json<DataSet>(*info.finished));
  return FinishedUpload(std::move(data));
}

Result<FinishedUpload> make_program(const UploadInfo& info, const fs::path& content,
                                    const std::string& sha256, Time now) {
  Program program;
  program.owner = info.owner;
  program.name = info.spec.name;
  program.sha256 = sha256;
  program.bytes = info.spec.bytes;
  program.created_at = now;
  BDAAS_ASSIGN(program.kind, program_kind_of(info.spec.name));
  BDAAS_ASSIGN(program.main_classes, check_program(content, info.spec.name, program.kind));
  return FinishedUpload(std::move(program));
}

Result<FinishedUpload> make_data_set(const UploadInfo& info, const fs::path& content,
                                     const std::string& sha256, Time now) {
  DataSet data;
  data.id = info.data_set;
  data.owner = info.owner;
  data.name = info.spec.name;
  data.shape = info.spec.shape;
  data.sha256 = sha256;
  data.bytes = info.spec.bytes;
  data.created_at = now;
  if (data.shape == DataShape::tree) {
    BDAAS_ASSIGN(const auto tree, check_tree(content, info.spec.name));
    data.bytes = tree.bytes;
    data.files = tree.files;
  }
  return FinishedUpload(std::move(data));
}

fs::path target_of(const StateDir& dir, const FinishedUpload& finished) {
  if (const auto* data = std::get_if<DataSet>(&finished)) return dir.data() / data->id.text;
  return dir.programs() / std::get<Program>(finished).sha256;
}

}  // namespace

// `info` belongs to whoever has claimed the entry, but info.object and info.touched_at to mutex_,
// and info.finished is changed under finishing_ only.
struct Uploads::Entry {
  UploadInfo info;
  std::atomic<std::int64_t> offset{0};      // changed by the claimant only, as the next
  std::atomic<std::int64_t> unverified{0};  // bytes behind it, of a piece with a checksum
  std::atomic<bool> removed{false};
  std::optional<Sha256> hash;  // the claimant's: of all these bytes; nothing: not known
  bool claimed = false;        // guarded by mutex_
};

// ---- the directory ----

Uploads::Uploads(StateDir dir, UploadLimits limits, const Clock& clock, Entropy& entropy)
    : dir_(std::move(dir)), limits_(limits), clock_(clock), entropy_(entropy) {}
Uploads::~Uploads() = default;

Result<std::unique_ptr<Uploads>> Uploads::open(StateDir dir, UploadLimits limits,
                                               const Clock& clock, Entropy& entropy) {
  for (const auto& path : {dir.uploads(), dir.programs(), dir.data()}) {
    BDAAS_TRY(make_directory(path, 0700));
  }
  std::unique_ptr<Uploads> uploads(new Uploads(std::move(dir), limits, clock, entropy));
  BDAAS_TRY(uploads->load_all());
  uploads->remove_old();
  return uploads;
}

Result<> Uploads::load_all() {
  BDAAS_ASSIGN(const auto files, list_directory(dir_.uploads()));
  std::vector<fs::path> left;  // what belongs to no upload: a kill left it
  for (const auto& file : files) {
    if (file.extension() != ".json" || !load(file)) left.push_back(file);
  }
  for (const auto& path : left) {
    if (!entries_.contains(UploadId{path.filename().native()})) BDAAS_TRY(remove_tree(path));
  }
  return {};
}

Result<> Uploads::load(const fs::path& info_file) {
  BDAAS_ASSIGN(const auto text, read_file(info_file, 1 << 20));
  BDAAS_ASSIGN(const auto value, parse_json(text));
  auto entry = std::make_shared<Entry>();
  BDAAS_ASSIGN(entry->info, from_json<UploadInfo>(value));
  UploadInfo& info = entry->info;
  const auto content = content_path(info.id);
  struct stat status {};
  if (::stat(content.c_str(), &status) == 0) {
    entry->offset = info.unverified_from.value_or(status.st_size);
    info.touched_at = std::max(info.touched_at, Time{Millis{status.st_mtim.tv_sec * 1000}});
    if (info.unverified_from && ::truncate(content.c_str(), *info.unverified_from) != 0) {
      return os_error(errno, fmt::format("cannot cut '{}'", content.native()));
    }
  }
  if (info.finished) entry->offset = info.spec.bytes;
  info.unverified_from.reset();
  entries_[info.id] = std::move(entry);
  return {};
}

Result<> Uploads::save(const Entry& entry) const {
  return write_file(info_path(entry.info.id), write_json(to_json(entry.info)), kOwnerOnly);
}

// What has expired; and of those that nobody needs any more the oldest, when there are too many.
void Uploads::remove_old() {
  std::vector<EntryPtr> old;
  {
    const std::lock_guard lock(mutex_);
    std::vector<EntryPtr> done;
    for (const auto& [id, entry] : entries_) {
      if (entry->claimed) continue;
      const bool expired = entry->info.touched_at + limits_.expiry <= clock_.now();
      if (expired) {
        old.push_back(entry);
      } else if (!entry->info.object.empty()) {
        done.push_back(entry);
      }
    }
    std::ranges::sort(done, {}, [](const EntryPtr& entry) { return entry->info.touched_at; });
    const auto too_many = std::max<std::int64_t>(std::ssize(done) - limits_.uploads_max, 0);
    old.insert(old.end(), done.begin(), done.begin() + too_many);
  }
  for (const auto& entry : old) (void)forget(entry);  // tried again at the next upload
}

Result<> Uploads::forget(const EntryPtr& entry) {
  entry->removed = true;
  {
    const std::lock_guard lock(mutex_);
    entries_.erase(entry->info.id);
  }
  BDAAS_TRY(remove_tree(info_path(entry->info.id)));
  return remove_tree(content_path(entry->info.id));
}

// ---- one upload ----

Result<Upload> Uploads::create(const UserId& owner, const UploadSpec& spec, std::string metadata) {
  BDAAS_TRY(check_spec(spec));
  remove_old();
  auto entry = std::make_shared<Entry>();
  entry->info.id = new_id<UploadId>(entropy_);
  entry->info.owner = owner;
  entry->info.spec = spec;
  entry->info.metadata = std::move(metadata);
  entry->info.data_set = new_id<DataSetId>(entropy_);
  entry->info.touched_at = clock_.now();
  const std::lock_guard lock(mutex_);
  BDAAS_TRY(check_room(spec));
  BDAAS_TRY(save(*entry));
  entries_[entry->info.id] = entry;
  return view_of(*entry);
}

Result<> Uploads::check_room(const UploadSpec& spec) const {
  if (spec.bytes > limits_.bytes_max) {
    return fail(ErrorKind::resource_exhausted, "'{}' has {}, an upload may have {}",
                printable(spec.name), mib(spec.bytes), mib(limits_.bytes_max));
  }
  const auto under_way = std::ranges::count_if(
      entries_, [](const auto& item) { return item.second->info.object.empty(); });
  if (under_way >= limits_.uploads_max) {
    return fail(ErrorKind::resource_exhausted,
                "{} uploads are under way already; end some of them first", limits_.uploads_max);
  }
  std::int64_t still_to_come = 0;
  for (const auto& [id, entry] : entries_) {
    still_to_come += entry->info.spec.bytes - entry->offset - entry->unverified;
  }
  BDAAS_ASSIGN(const auto free, free_bytes(dir_.uploads()));
  const auto usable = static_cast<std::int64_t>(free) - limits_.keep_free_bytes - still_to_come;
  if (spec.bytes <= usable) return {};
  return fail(ErrorKind::resource_exhausted,
              "'{}' needs {}, but '{}' has {} free, of which {} are kept and {} are expected by "
              "other uploads; free some space",
              printable(spec.name), mib(spec.bytes), dir_.uploads().native(),
              mib(static_cast<std::int64_t>(free)), mib(limits_.keep_free_bytes),
              mib(still_to_come));
}

Upload Uploads::view_of(const Entry& entry) const {
  const UploadInfo& info = entry.info;
  return {info.id,
          info.owner,
          info.spec,
          info.metadata,
          entry.offset,
          info.object,
          info.touched_at + limits_.expiry};
}

Result<Uploads::EntryPtr> Uploads::find(const UserId& owner, const UploadId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second->info.owner != owner) {
    return fail(ErrorKind::not_found, "there is no upload {}", printable(id.text));
  }
  return found->second;
}

Result<Upload> Uploads::get(const UserId& owner, const UploadId& id) const {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const auto entry, find(owner, id));
  return view_of(*entry);
}

// The pointer gives the claim back when it goes away.
Result<Uploads::EntryPtr> Uploads::claim(const UserId& owner, const UploadId& id) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const auto entry, find(owner, id));
  if (entry->claimed) {
    return fail(ErrorKind::conflict, "the upload {} is being written by another request", id.text);
  }
  entry->claimed = true;
  return EntryPtr(entry.get(), [this, entry](Entry*) {
    const std::lock_guard release(mutex_);
    entry->claimed = false;
    entry->info.touched_at = clock_.now();
  });
}

Result<std::unique_ptr<UploadWriter>> Uploads::append(const UserId& owner, const UploadId& id,
                                                      std::int64_t offset,
                                                      std::optional<Checksum> checksum) {
  BDAAS_ASSIGN(auto entry, claim(owner, id));
  if (offset != entry->offset) {
    return fail(ErrorKind::conflict, "the upload {} goes on at byte {}, not {}", id.text,
                entry->offset.load(), offset);
  }
  const auto path = content_path(id);
  UniqueFd content;
  if (!entry->info.finished) {
    content.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
    if (!content.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
    if (!entry->hash) {
      BDAAS_ASSIGN(entry->hash, hash_of_front(content.get(), offset, path));
    }
  }
  if (checksum) {
    entry->info.unverified_from = offset;
    BDAAS_TRY(save(*entry));
  }
  return std::unique_ptr<UploadWriter>(
      new UploadWriter(*this, std::move(entry), std::move(content), std::move(checksum)));
}

Result<> Uploads::set_object(const UserId& owner, const UploadId& id, const std::string& object) {
  BDAAS_ASSIGN(const auto entry, claim(owner, id));
  const std::lock_guard lock(mutex_);
  entry->info.object = object;
  return save(*entry);
}

Result<> Uploads::remove(const UserId& owner, const UploadId& id) {
  EntryPtr entry;
  {
    const std::lock_guard lock(mutex_);
    BDAAS_ASSIGN(entry, find(owner, id));
  }
  return forget(entry);
}

// ---- finishing ----

Result<FinishedUpload> Uploads::finish(const UserId& owner, const UploadId& id) {
  BDAAS_ASSIGN(const auto entry, claim(owner, id));
  if (entry->offset != entry->info.spec.bytes) {
    return fail(ErrorKind::failed_precondition, "of the upload {} there are {} of {} bytes; go on",
                id.text, entry->offset.load(), entry->info.spec.bytes);
  }
  if (!entry->info.finished) {
    auto checked = check_content(*entry);
    const bool refused = !checked && (checked.error().kind == ErrorKind::invalid_argument ||
                                      checked.error().kind == ErrorKind::corrupted);
    if (refused) (void)forget(entry);  // the refusal is what matters; what stays expires
    if (!checked) return checked;
    const std::lock_guard lock(finishing_);
    entry->info.finished = std::visit([](const auto& row) { return to_json(row); }, *checked);
    BDAAS_TRY(save(*entry));
  }
  BDAAS_ASSIGN(auto finished, parse_finished(entry->info));
  const std::lock_guard lock(finishing_);
  BDAAS_TRY(move_content(id, target_of(dir_, finished)));
  return finished;
}

std::unique_lock<std::mutex> Uploads::hold_finishing() {
  remove_old();
  return std::unique_lock(finishing_);
}

std::set<std::string> Uploads::awaited() const {
  std::set<std::string> names;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (!entry->info.finished || !entry->info.object.empty()) continue;
    const auto finished = parse_finished(entry->info);
    if (finished) names.insert(target_of(dir_, *finished).filename().native());
  }
  return names;
}

// Equal programs share their content. What was moved before the manager was killed is not there any
// more.
Result<> Uploads::move_content(const UploadId& id, const fs::path& target) const {
  const auto content = content_path(id);
  if (::rename(content.c_str(), target.c_str()) == 0) return {};
  const int code = errno;
  struct stat status {};
  if (code == ENOENT && ::stat(target.c_str(), &status) == 0) return {};
  return os_error(code, fmt::format("cannot move the upload to '{}'", target.native()));
}

// Sum, disk, and what the content must be. Slow: reads all of it that was not hashed while it came.
Result<FinishedUpload> Uploads::check_content(Entry& entry) const {
  const UploadInfo& info = entry.info;
  const auto path = content_path(info.id);
  const UniqueFd content(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!content.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  if (!entry.hash) {
    BDAAS_ASSIGN(entry.hash, hash_of_front(content.get(), info.spec.bytes, path));
  }
  const std::string sha256 = entry.hash->hex();
  entry.hash.reset();
  if (!info.spec.sha256.empty() && sha256 != info.spec.sha256) {
    return fail(ErrorKind::corrupted,
                "'{}' arrived with the SHA-256 {} instead of {}; upload it again",
                printable(info.spec.name), sha256, info.spec.sha256);
  }
  if (::fdatasync(content.get()) != 0) {
    return os_error(errno, fmt::format("cannot sync '{}'", path.native()));
  }
  return info.spec.kind == UploadKind::program ? make_program(info, path, sha256, clock_.now())
                                               : make_data_set(info, path, sha256, clock_.now());
}

// ---- writing ----

UploadWriter::UploadWriter(Uploads& uploads, std::shared_ptr<Uploads::Entry> entry,
                           UniqueFd content, std::optional<Checksum> checksum)
    : uploads_(uploads),
      entry_(std::move(entry)),
      content_(std::move(content)),
      checksum_(std::move(checksum)),
      begin_(entry_->offset),
      end_(begin_),
      written_back_(begin_) {
  if (checksum_) piece_.emplace(checksum_->kind);
}

UploadWriter::~UploadWriter() {
  if (!committed_ && checksum_) (void)drop_piece();  // a restart drops it then
}

Result<> UploadWriter::write(std::string_view bytes) {
  if (entry_->removed) {
    return fail(ErrorKind::not_found, "the upload {} was removed", entry_->info.id.text);
  }
  const std::int64_t room = entry_->info.spec.bytes - end_;
  if (static_cast<std::int64_t>(bytes.size()) > room) {
    return fail(ErrorKind::invalid_argument, "the upload {} has {} bytes more than it announced",
                entry_->info.id.text, static_cast<std::int64_t>(bytes.size()) - room);
  }
  while (!bytes.empty()) {
    const ssize_t got = ::pwrite(content_.get(), bytes.data(), bytes.size(), end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, "cannot write what is uploaded");
    const auto written = bytes.substr(0, static_cast<std::size_t>(got));
    entry_->hash->update(written);
    if (piece_) piece_->update(written);
    (checksum_ ? entry_->unverified : entry_->offset) += got;
    end_ += got;
    bytes.remove_prefix(written.size());
  }
  // The disk works while the rest comes, so that little is left to wait for at the end. A hint
  // only.
  if (end_ - written_back_ >= kWriteBackBytes) {
    ::sync_file_range(content_.get(), written_back_, end_ - written_back_, SYNC_FILE_RANGE_WRITE);
    written_back_ = end_;
  }
  return {};
}

Result<std::int64_t> UploadWriter::commit() {
  if (checksum_) {
    if (const auto hex = piece_->hex(); hex != checksum_->hex) {
      BDAAS_TRY(drop_piece());
      committed_ = true;
      return fail(ErrorKind::corrupted,
                  "the piece from byte {} on arrived with the {} {} instead of {}; send it again",
                  begin_, to_text(checksum_->kind), hex, checksum_->hex);
    }
    entry_->info.unverified_from.reset();
    BDAAS_TRY(uploads_.save(*entry_));
    entry_->unverified = 0;
    entry_->offset = end_;
  }
  committed_ = true;
  return entry_->offset.load();
}

Result<> UploadWriter::drop_piece() {
  entry_->unverified = 0;
  entry_->hash.reset();  // made again from the file when the upload goes on
  // Of a finished upload nothing is open, and no byte came.
  if (content_.valid() && ::ftruncate(content_.get(), begin_) != 0) {
    return os_error(errno, "cannot drop a piece of an upload");
  }
  entry_->info.unverified_from.reset();
  return entry_->removed ? Result<>() : uploads_.save(*entry_);
}

}  // namespace bdaas
