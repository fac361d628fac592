#pragma once
// One block to its DataNodes by HDFS's data transfer protocol (version 28; datatransfer.proto of
// Hadoop 3): packets with checksums, acknowledged in their order, many of them under way. The first
// DataNode passes the data on to the others.

#include <functional>
#include <span>

#include "service/native/namenode.h"

namespace bdaas {

// Fills the whole buffer with the content from `offset` on. May be asked for a part again.
using BlockSource = std::function<Result<>(std::uint64_t offset, std::span<char> buffer)>;

// The bytes of an open file from `begin` on. It must stay open; `name` is for messages. corrupted:
// the file ends before.
BlockSource source_of(int fd, std::uint64_t begin, std::string name);

// A failure, and whose it is.
struct BlockFailure {
  Error error;
  std::size_t node = 0;  // index into PlacedBlock::nodes
};

// Writes block.block.bytes bytes, the source's from `offset` on; nothing: all of it stands on all
// nodes. The error is cancelled, unavailable, deadline_exceeded or corrupted (nonsense from the
// DataNode), or the source's.
std::optional<BlockFailure> write_block(const ClusterEndpoints& endpoints, const PlacedBlock& block,
                                        const std::string& client_name, std::uint64_t offset,
                                        const BlockSource& source, const SocketOptions& options);

}  // namespace bdaas
