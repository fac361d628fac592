#pragma once
// The packages of a swarm on this machine's disk, whole ones and those that are coming. One thread,
// but for what keep() does on one of its own.
//
// A package that comes lies in <packages>/.coming-NAME, its files at their full length from the
// beginning: a disk that is too small says so at once. It gets its name when every chunk was
// verified and everything is on the disk: what has a name is whole, also after a power cut.

#include <atomic>
#include <memory>
#include <thread>

#include "base/files.h"
#include "base/plain_sha256.h"
#include "base/unique_fd.h"
#include "model/chunk_map.h"

namespace bdaas {

class ChunkFiles {
 public:
  // Takes the directory for itself as long as it lives, and goes on with what came earlier: that
  // is read and verified. makes: false: only what is whole is looked at. conflict: somebody else
  // has the directory, and still does after half a minute of silence that would end them.
  static Result<ChunkFiles> open(const fs::path& packages, ChunkMap map, bool makes);
  ChunkFiles(ChunkFiles&&) = default;
  ~ChunkFiles();

  const ChunkMap& map() const { return map_; }
  const ChunkSet& has() const { return has_; }
  bool is_coming(int chunk) const { return coming_.has(chunk); }

  // A part of a chunk to the socket; how many bytes it took, 0: none now.
  Result<std::int64_t> send(int chunk, std::int64_t offset, int to) const;

  // Starts to keep each package whose chunks are all here; `ready` can be read when one is done.
  void keep_whole();
  int ready_fd() const { return ready_.get(); }
  // True: all are kept.
  Result<bool> collect_kept();

  // Takes away what is not whole.
  Result<> remove_unfinished();

 private:
  friend class ChunkWriter;
  struct Package {
    UniqueFd dir;
    bool is_kept = false;
    struct Keeping {
      std::thread thread;
      std::atomic<bool> is_done = false;
      Result<> result;
    };
    std::unique_ptr<Keeping> keeping;
  };
  ChunkFiles(fs::path packages, ChunkMap map, UniqueFd lock);

  Result<> open_package(std::size_t index, bool makes);
  Result<> make_files(std::size_t index);
  Result<> verify(std::size_t index);
  Result<UniqueFd> open_file(const ChunkMap::Piece& piece, int flags) const;
  fs::path coming(std::size_t index) const;
  Result<> write(int chunk, std::int64_t offset, std::string_view bytes);

  fs::path packages_;
  ChunkMap map_;
  UniqueFd lock_;
  UniqueFd ready_;
  std::vector<Package> parts_;
  ChunkSet has_;
  ChunkSet coming_;  // somebody writes it now
};

// One chunk on its way to the disk. Bytes are written as they come, and count when all of them
// hash to what they should.
class ChunkWriter {
 public:
  // files outlives it. Only one for each chunk, and none for what is there: is_coming(), has().
  ChunkWriter(ChunkFiles& files, int chunk);
  ~ChunkWriter();
  ChunkWriter(ChunkWriter&& other) noexcept;
  ChunkWriter& operator=(ChunkWriter&&) = delete;

  int chunk() const { return chunk_; }
  std::int64_t left() const { return left_; }
  Result<> write(std::string_view bytes);  // at most left()
  bool finish();                           // when nothing is left. False: its bytes are wrong

 private:
  ChunkFiles* files_;
  int chunk_;
  std::int64_t left_;
  PlainSha256 digest_;
};

}  // namespace bdaas
