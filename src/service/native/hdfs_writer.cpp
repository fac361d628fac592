#include "service/native/hdfs_writer.h"

#include <algorithm>

namespace bdaas {
namespace {

constexpr int kTriesOfABlock = 2;

// Pauses between two tries of a question that the NameNode cannot answer yet: it waits for a
// DataNode's word, which takes milliseconds.
class Patience {
 public:
  // False: it was asked for long enough.
  Result<bool> wait(NameNode& namenode) {
    if (waited_ >= kMost) return false;
    BDAAS_TRY(namenode.pause(pause_));
    waited_ += pause_;
    pause_ = std::min(2 * pause_, kLongest);
    return true;
  }

 private:
  static constexpr Millis kLongest{200};
  static constexpr Millis kMost{30'000};
  Millis pause_{1};
  Millis waited_{0};
};

}  // namespace

Result<HdfsWriter> HdfsWriter::connect(const ClusterEndpoints& endpoints,
                                       const SocketOptions& options) {
  BDAAS_ASSIGN(auto namenode, NameNode::connect(endpoints, options));
  BDAAS_ASSIGN(const auto defaults, namenode.defaults());
  if (defaults.encrypted_transfer) {
    return fail(ErrorKind::failed_precondition,
                "HDFS wants its data encrypted on the way, which cannot be done here: leave "
                "dfs.encrypt.data.transfer out of the cluster's settings");
  }
  return HdfsWriter(endpoints, options, std::move(namenode), defaults);
}

Result<> HdfsWriter::write(const std::string& path, std::uint64_t bytes, std::uint64_t block_bytes,
                           const BlockSource& source) {
  if (block_bytes == 0) block_bytes = defaults_.block_bytes;
  BDAAS_ASSIGN(const auto file, namenode_.create(path, block_bytes, defaults_.replication));
  std::optional<HdfsBlock> last;
  for (std::uint64_t done = 0; done < bytes;) {
    if (last) BDAAS_TRY(namenode_.renew_lease());
    const std::uint64_t part = std::min(block_bytes, bytes - done);
    BDAAS_ASSIGN(last, next_block(file, last, done, part, source));
    done += part;
  }
  return close(file, last);
}

Result<HdfsBlock> HdfsWriter::next_block(const HdfsFile& file,
                                         const std::optional<HdfsBlock>& previous,
                                         std::uint64_t offset, std::uint64_t bytes,
                                         const BlockSource& source) {
  std::vector<DataNodePlace> excluded;
  std::optional<Error> first;
  for (int tries = 0; tries < kTriesOfABlock; ++tries) {
    auto placed = place_block(file, previous, excluded);
    // That no further DataNode is there says less than why the first one failed.
    if (!placed) return first ? *std::move(first) : std::move(placed).error();
    placed->block.bytes = bytes;
    auto failure =
        write_block(endpoints_, *placed, namenode_.client_name(), offset, source, options_);
    if (!failure) return placed->block;
    if (failure->error.kind == ErrorKind::cancelled) return std::move(failure->error);
    if (!first) first = std::move(failure->error);
    excluded.push_back(placed->nodes[failure->node]);
    placed->block.bytes = 0;
    // That the NameNode does not answer any more says less too.
    auto abandoned = namenode_.abandon_block(file, placed->block);
    if (!abandoned && abandoned.error().kind == ErrorKind::cancelled) return abandoned.error();
    if (!abandoned) break;
  }
  return *std::move(first);
}

Result<PlacedBlock> HdfsWriter::place_block(const HdfsFile& file,
                                            const std::optional<HdfsBlock>& previous,
                                            const std::vector<DataNodePlace>& excluded) {
  for (Patience patience;;) {
    auto placed = namenode_.add_block(file, previous, excluded);
    if (placed || placed.error().kind != ErrorKind::throttled) return placed;
    BDAAS_ASSIGN(const bool waited, patience.wait(namenode_));
    if (!waited) return placed;
  }
}

Result<> HdfsWriter::close(const HdfsFile& file, const std::optional<HdfsBlock>& last) {
  for (Patience patience;;) {
    BDAAS_ASSIGN(const bool closed, namenode_.complete(file, last));
    if (closed) return {};
    BDAAS_ASSIGN(const bool waited, patience.wait(namenode_));
    if (waited) continue;
    return fail(ErrorKind::unavailable, "the NameNode never heard of its last block");
  }
}

}  // namespace bdaas
