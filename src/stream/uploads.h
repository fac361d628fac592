#pragma once
// Uploads as tus 1.0 has them (https://tus.io/protocols/resumable-upload), on disk: an upload that
// was broken off goes on where it stood, also after the manager was killed. Nothing in here is
// HTTP.
//
//   uploads/<id>        the bytes that came
//   uploads/<id>.json   what is known about it
//
// When all bytes are there, finish() looks at the content and moves it to programs/<sha256> or
// data/<data set id>. A content that is refused (checksum, no jar, a tar with a link, …) is thrown
// away with its upload.
//
// Thread-safe; blocking, for pool threads. What belongs to another owner is not_found.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <variant>

#include "base/clock.h"
#include "base/digest.h"
#include "base/state_dir.h"
#include "base/unique_fd.h"
#include "model/nouns.h"

namespace bdaas {

enum class UploadKind { program, data };
constexpr auto enum_table(UploadKind) {
  return enum_rows<UploadKind>({{UploadKind::program, "program"}, {UploadKind::data, "data"}});
}

struct UploadSpec {
  UploadKind kind = UploadKind::program;
  std::string name;                   // one path part: wordcount.py, iliad.txt
  DataShape shape = DataShape::file;  // of data; tree: one POSIX tar
  std::string sha256;                 // of all bytes, when the client knows it beforehand
  std::int64_t bytes = 0;             // Upload-Length

  static constexpr auto fields() {
    return std::tuple{
        required("kind", &UploadSpec::kind, "program or data"),
        required("name", &UploadSpec::name, "file name"),
        optional("shape", &UploadSpec::shape, "of data: file (default), or tree: one POSIX tar"),
        optional("sha256", &UploadSpec::sha256, "of all bytes, 64 hex digits"),
        required("bytes", &UploadSpec::bytes, "size")};
  }
};

struct Upload {
  UploadId id;
  UserId owner;
  UploadSpec spec;
  std::string metadata;     // as create() got it
  std::int64_t offset = 0;  // bytes that are there
  std::string object;       // p-… or d-…, once set_object was called
  Time expires_at{};
};

// Of one piece, as its sender made it.
struct Checksum {
  DigestKind kind = DigestKind::sha256;
  std::string hex;  // lower case
};

// What a finished upload became, ready for Commands::add_program or add_data_set: owner, name,
// sha256, sizes and main classes are filled; a DataSet has its id, a Program has not.
using FinishedUpload = std::variant<Program, DataSet>;

struct UploadLimits {
  std::int64_t bytes_max = 1ll << 40;
  std::int64_t keep_free_bytes = 256ll << 20;  // an upload that would leave less is refused
  // At the same time; of those whose object is known, as many of the newest are remembered.
  std::int64_t uploads_max = 1'000;
  Millis expiry = std::chrono::hours(24);  // since the last byte came
};

class UploadWriter;

class Uploads {
 public:
  // Takes up what an earlier manager left, and removes what has expired. clock and entropy outlive
  // it.
  static Result<std::unique_ptr<Uploads>> open(StateDir dir, UploadLimits limits,
                                               const Clock& clock, Entropy& entropy);
  ~Uploads();

  // invalid_argument: a name that is none, an unknown kind of program, no bytes.
  // resource_exhausted, with the numbers: too large for the limits or the disk.
  // metadata: the client's own words for the spec, kept for those who ask.
  Result<Upload> create(const UserId& owner, const UploadSpec& spec, std::string metadata = {});

  Result<Upload> get(const UserId& owner, const UploadId& id) const;

  // Bytes are appended by one writer at a time, from the present offset on; else conflict. When the
  // client sent a checksum of this piece, it counts only after UploadWriter::commit().
  Result<std::unique_ptr<UploadWriter>> append(const UserId& owner, const UploadId& id,
                                               std::int64_t offset,
                                               std::optional<Checksum> checksum = {});

  // All bytes are there: checks and moves the content. Idempotent: the same answer again until it
  // expires, so a manager that died before the row was written can ask again. failed_precondition
  // when bytes are missing; invalid_argument or corrupted when the content is refused.
  Result<FinishedUpload> finish(const UserId& owner, const UploadId& id);

  // The row that came of it, for those who ask later.
  Result<> set_object(const UserId& owner, const UploadId& id, const std::string& object);

  // A writer that is at it gets an error. The object of a finished upload stays.
  Result<> remove(const UserId& owner, const UploadId& id);

  // For who removes content that no row names (stream/sweep.h): while the lock is held, no upload
  // moves its content; awaited() are the contents (SHA-256 of a program, id of a data set) that
  // have been moved and get their row soon. Forgets what has expired.
  std::unique_lock<std::mutex> hold_finishing();
  std::set<std::string> awaited() const;  // under that lock

 private:
  friend class UploadWriter;
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;

  Uploads(StateDir dir, UploadLimits limits, const Clock& clock, Entropy& entropy);
  Result<> load_all();
  Result<> load(const fs::path& info_file);
  Result<> save(const Entry& entry) const;
  void remove_old();
  Result<> forget(const EntryPtr& entry);
  Result<EntryPtr> find(const UserId& owner, const UploadId& id) const;  // mutex_ is held
  Result<EntryPtr> claim(const UserId& owner, const UploadId& id);
  Result<> check_room(const UploadSpec& spec) const;  // mutex_ is held
  Upload view_of(const Entry& entry) const;           // mutex_ is held
  Result<FinishedUpload> check_content(Entry& entry) const;
  Result<> move_content(const UploadId& id, const fs::path& target) const;
  fs::path content_path(const UploadId& id) const { return dir_.uploads() / id.text; }
  fs::path info_path(const UploadId& id) const { return dir_.uploads() / (id.text + ".json"); }

  const StateDir dir_;
  const UploadLimits limits_;
  const Clock& clock_;
  Entropy& entropy_;

  std::mutex finishing_;  // taken before mutex_; guards info.finished and moving content

  mutable std::mutex mutex_;
  std::map<UploadId, EntryPtr> entries_;  // guarded by mutex_
};

// One PATCH. One thread at a time. When it goes away without commit(), what came stays (the client
// resumes there), unless the piece had a checksum: then it is dropped.
class UploadWriter {
 public:
  ~UploadWriter();
  UploadWriter(const UploadWriter&) = delete;
  UploadWriter& operator=(const UploadWriter&) = delete;

  // invalid_argument beyond the upload's length; resource_exhausted when the disk is full;
  // not_found when the upload was removed meanwhile.
  Result<> write(std::string_view bytes);

  // The piece is complete. corrupted: it does not fit its checksum and was dropped (tus: 460).
  // The new offset.
  Result<std::int64_t> commit();

 private:
  friend class Uploads;
  UploadWriter(Uploads& uploads, std::shared_ptr<Uploads::Entry> entry, UniqueFd content,
               std::optional<Checksum> checksum);
  Result<> drop_piece();

  Uploads& uploads_;
  const std::shared_ptr<Uploads::Entry> entry_;
  const UniqueFd content_;
  const std::optional<Checksum> checksum_;  // the piece's
  const std::int64_t begin_;
  std::int64_t end_;               // where the next byte goes
  std::int64_t written_back_ = 0;  // the disk was asked to begin with the bytes before
  std::optional<Digest> piece_;    // of its bytes, where they have a checksum
  bool committed_ = false;
};

}  // namespace bdaas
