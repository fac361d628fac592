#pragma once
// Writes files into HDFS as its own clients do: the NameNode is asked by RPC, and blocks go
// straight to their DataNodes. WebHDFS costs a DataNode one more copy of the data, and for each
// file a client of its own. One owner, one thread at a time; blocking.

#include "service/native/block_writer.h"

namespace bdaas {

class HdfsWriter {
 public:
  // Hosts are resolved by the endpoints' table. Errors: those of HadoopRpc; failed_precondition
  // (HDFS wants its data encrypted on the way).
  static Result<HdfsWriter> connect(const ClusterEndpoints& endpoints,
                                    const SocketOptions& options);

  // A file of `bytes` bytes in the place of an old one; parents come into being. block_bytes 0: the
  // cluster's default. On success it is closed and whole. A block that a DataNode does not take
  // goes to another one, once. After an error the file may be there, unfinished. Errors: those of
  // HadoopRpc and write_block().
  Result<> write(const std::string& path, std::uint64_t bytes, std::uint64_t block_bytes,
                 const BlockSource& source);

  // See NameNode::concat().
  Result<> join(const std::string& path, const std::vector<std::string>& parts) {
    return namenode_.concat(path, parts);
  }

 private:
  HdfsWriter(ClusterEndpoints endpoints, SocketOptions options, NameNode namenode,
             HdfsDefaults defaults)
      : endpoints_(std::move(endpoints)),
        options_(options),
        namenode_(std::move(namenode)),
        defaults_(defaults) {}
  Result<HdfsBlock> next_block(const HdfsFile& file, const std::optional<HdfsBlock>& previous,
                               std::uint64_t offset, std::uint64_t bytes,
                               const BlockSource& source);
  Result<PlacedBlock> place_block(const HdfsFile& file, const std::optional<HdfsBlock>& previous,
                                  const std::vector<DataNodePlace>& excluded);
  Result<> close(const HdfsFile& file, const std::optional<HdfsBlock>& last);

  ClusterEndpoints endpoints_;
  SocketOptions options_;
  NameNode namenode_;
  HdfsDefaults defaults_;
};

}  // namespace bdaas
