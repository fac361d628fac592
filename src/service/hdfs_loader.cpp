#include "service/hdfs_loader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/os_error.h"
#include "base/tar_reader.h"
#include "service/native/hdfs_writer.h"

namespace bdaas {
namespace {

constexpr std::int64_t kBlockStep = 64 * 1024;
constexpr std::int64_t kBlockMax = 128ll << 20;
constexpr std::size_t kPartsMax = 4;

struct Item {
  std::string name;  // below the directory
  bool directory = false;
  std::uint64_t offset = 0;  // of its content in the source
  std::uint64_t bytes = 0;
};

// What a part of the file is called until it is joined to the first one.
std::string part_name(std::size_t number) { return fmt::format(".bdaas-part-{}", number); }

// The parts of a single file, of whole blocks except the last.
std::vector<Item> parts_of(const LoadPlan& plan, std::uint64_t bytes) {
  const auto block = static_cast<std::uint64_t>(plan.block_bytes);
  const std::uint64_t parts =
      block == 0 ? 1
                 : std::clamp<std::uint64_t>(
                       bytes / static_cast<std::uint64_t>(plan.part_bytes_min), 1, kPartsMax);
  const std::uint64_t whole = parts == 1 ? bytes : (bytes / parts + block - 1) / block * block;
  std::vector<Item> items = {{.name = plan.source.name, .bytes = std::min(whole, bytes)}};
  for (std::uint64_t at = whole; at < bytes; at += whole) {
    items.push_back(
        {.name = part_name(items.size()), .offset = at, .bytes = std::min(whole, bytes - at)});
  }
  return items;
}

// Hands out one item after the other, to any thread.
class Items {
 public:
  static Result<std::unique_ptr<Items>> open(const LoadPlan& plan, std::uint64_t source_bytes) {
    auto items = std::make_unique<Items>();
    if (plan.source.shape == DataShape::file) {
      items->parts_ = parts_of(plan, source_bytes);
    } else {
      BDAAS_ASSIGN(auto reader, TarReader::open(plan.source.path));
      items->tar_.emplace(std::move(reader));
    }
    return items;
  }

  // Of a single file; 0 of a tar.
  std::size_t parts() const { return parts_.size(); }

  // Nothing at the end, and for everybody after an error.
  Result<std::optional<Item>> next() {
    const std::lock_guard lock(mutex_);
    if (!tar_) return given_ < parts_.size() ? std::optional(parts_[given_++]) : std::nullopt;
    BDAAS_ASSIGN(const auto entry, tar_->next());
    if (!entry) return std::optional<Item>{};
    return std::optional<Item>{Item{.name = entry->name,
                                    .directory = entry->directory,
                                    .offset = tar_->content_offset(),
                                    .bytes = static_cast<std::uint64_t>(entry->bytes)}};
  }

 private:
  std::mutex mutex_;
  std::vector<Item> parts_;       // constant after open()
  std::size_t given_ = 0;         // of the parts; guarded by mutex_
  std::optional<TarReader> tar_;  // guarded by mutex_
};

class Loading {
 public:
  Loading(WebHdfs& hdfs, const LoadPlan& plan, Items& items, int fd, LoadProgress& progress)
      : hdfs_(hdfs), plan_(plan), items_(items), fd_(fd), progress_(progress) {}

  // One thread's work.
  void run() {
    auto writer = HdfsWriter::connect(hdfs_.endpoints(), {.cancel = progress_.cancel.get()});
    if (!writer) return keep(std::move(writer).error().context("cannot write to HDFS"));
    while (!stop_) {
      auto done = one(*writer);
      if (!done) {
        keep(std::move(done).error());
      } else if (!*done) {
        return;
      }
    }
  }

  Result<> finish() {
    if (progress_.cancelled())
      return fail(ErrorKind::cancelled, "the upload to HDFS was cancelled");
    if (error_) return *std::move(error_);
    if (items_.parts() > 1) BDAAS_TRY(join_parts());
    BDAAS_ASSIGN(const auto there, hdfs_.list_tree(plan_.directory));
    std::uint64_t bytes = 0;
    for (const auto& file : there) bytes += static_cast<std::uint64_t>(file.bytes);
    if (there.size() == files_ && bytes == bytes_) return {};
    return fail(
        ErrorKind::corrupted,
        "{} in HDFS has {} files of {} bytes together and should have {} of {}: load it again",
        plan_.directory, there.size(), bytes, files_.load(), bytes_.load());
  }

 private:
  // False: nothing is left.
  Result<bool> one(HdfsWriter& writer) {
    BDAAS_ASSIGN(const auto item, items_.next());
    if (!item) return false;
    const std::string path = plan_.directory + "/" + item->name;
    if (item->directory) {
      BDAAS_TRY(hdfs_.make_directory(path));
      return true;
    }
    const BlockSource content = source_of(fd_, item->offset, plan_.source.path.string());
    std::uint64_t done = 0;
    const BlockSource source = [&](std::uint64_t offset, std::span<char> buffer) -> Result<> {
      if (stop_) return fail(ErrorKind::cancelled, "another file failed");
      BDAAS_TRY(content(offset, buffer));
      const std::uint64_t end = offset + buffer.size();
      if (end > done) progress_.bytes += static_cast<std::int64_t>(end - done);
      done = std::max(done, end);  // a block that is written again counts once
      return {};
    };
    auto written =
        writer.write(path, item->bytes, static_cast<std::uint64_t>(plan_.block_bytes), source);
    if (!written) {
      // A file without an end would keep its DataNodes from leaving. If this fails too, HDFS ends
      // it by itself, later.
      (void)hdfs_.remove(path);
      return std::move(written).error().context(fmt::format("cannot write {} to HDFS", path));
    }
    ++files_;
    bytes_ += item->bytes;
    return true;
  }

  Result<> join_parts() {
    std::vector<std::string> parts;
    for (std::size_t i = 1; i < items_.parts(); ++i) {
      parts.push_back(plan_.directory + "/" + part_name(i));
    }
    const std::string path = plan_.directory + "/" + plan_.source.name;
    const std::string what = fmt::format("cannot join the parts of {} in HDFS", path);
    auto writer = HdfsWriter::connect(hdfs_.endpoints(), {.cancel = progress_.cancel.get()});
    if (!writer) return std::move(writer).error().context(what);
    BDAAS_TRY(writer->join(path, parts).context(what));
    files_ = 1;
    return {};
  }

  void keep(Error error) {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (!error_) error_ = std::move(error);  // the first; the others follow from it
  }

  WebHdfs& hdfs_;
  const LoadPlan& plan_;
  Items& items_;
  const int fd_;
  LoadProgress& progress_;
  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> files_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::mutex mutex_;
  std::optional<Error> error_;  // guarded by mutex_
};

}  // namespace

std::int64_t block_bytes_for(std::int64_t source_bytes, std::int64_t workers) {
  const std::int64_t pieces = 2 * std::max<std::int64_t>(1, workers);
  const std::int64_t each = (source_bytes + pieces - 1) / pieces;
  const std::int64_t steps = (each + kBlockStep - 1) / kBlockStep;
  return std::clamp(steps * kBlockStep, kBlockStep, kBlockMax);
}

Result<> load_into_hdfs(WebHdfs& hdfs, const LoadPlan& plan, LoadProgress& progress) {
  const UniqueFd fd(::open(plan.source.path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
    return os_error(errno, fmt::format("cannot open {}", plan.source.path.string()));
  }
  BDAAS_ASSIGN(auto items, Items::open(plan, static_cast<std::uint64_t>(about.st_size)));
  BDAAS_TRY(hdfs.make_directory(plan.directory));
  // What a load left that was broken off on a cluster of another size.
  for (std::size_t i = items->parts(); 1 < i && i < kPartsMax; ++i) {
    BDAAS_TRY(hdfs.remove(plan.directory + "/" + part_name(i)));
  }
  Loading loading(hdfs, plan, *items, fd.get(), progress);
  {
    std::vector<std::jthread> others;
    const std::size_t threads = items->parts() > 0 ? items->parts() : plan.threads;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&loading] { loading.run(); });
    loading.run();
  }
  return loading.finish();
}

}  // namespace bdaas
