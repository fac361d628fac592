#pragma once
// The calls of HDFS's client protocol that write a file (ClientNamenodeProtocol.proto and
// hdfs.proto of Hadoop 3). One owner, one thread at a time; blocking. Errors: those of HadoopRpc.

#include "service/native/hadoop_rpc.h"

namespace bdaas {

struct HdfsDefaults {  // of the cluster's settings
  std::uint64_t block_bytes = 0;
  std::uint64_t replication = 0;
  bool encrypted_transfer = false;
};

struct HdfsBlock {
  std::string pool;
  std::uint64_t id = 0;
  std::uint64_t generation = 0;
  std::uint64_t bytes = 0;  // what was written of it

  std::string encoded() const;  // ExtendedBlockProto
};

// Where a block's copy goes.
struct DataNodePlace {
  HostPort place;                  // takes data there
  std::string link;                // "address:port": what other DataNodes call it
  std::string encoded;             // DatanodeInfoProto, to be passed on
  std::uint64_t storage_type = 1;  // StorageTypeProto, of the disk it was chosen for
};

struct PlacedBlock {
  HdfsBlock block;
  std::vector<DataNodePlace> nodes;  // in the pipeline's order; at least one
  std::string token;                 // TokenProto, to be shown to the DataNodes
};

// A file under construction, ours by a lease in client_name().
struct HdfsFile {
  std::string path;
  std::uint64_t id = 0;
};

class NameNode {
 public:
  static Result<NameNode> connect(const ClusterEndpoints& endpoints, const SocketOptions& options);

  Result<HdfsDefaults> defaults();
  // An empty file in the place of an old one; parents come into being.
  Result<HdfsFile> create(const std::string& path, std::uint64_t block_bytes,
                          std::uint64_t replication);
  // Its next block; `previous` is the one before it. throttled: ask again soon.
  Result<PlacedBlock> add_block(const HdfsFile& file, const std::optional<HdfsBlock>& previous,
                                const std::vector<DataNodePlace>& excluded);
  // The newest block is taken away again.
  Result<> abandon_block(const HdfsFile& file, const HdfsBlock& block);
  // False: the NameNode has not yet heard of the last block from its DataNode; ask again soon.
  Result<bool> complete(const HdfsFile& file, const std::optional<HdfsBlock>& last);
  // Appends closed files to another one, in their order; they are gone then. All lie in one
  // directory, and are made of whole blocks except the last.
  Result<> concat(const std::string& path, const std::vector<std::string>& parts);
  // Without it a file that is written for 20 minutes is taken from its writer.
  Result<> renew_lease();

  // Waits before a question is repeated. unavailable: the connection broke; cancelled
  Result<> pause(Millis span) { return rpc_.stay_idle(span); }

  const std::string& client_name() const { return client_name_; }

 private:
  explicit NameNode(HadoopRpc rpc)
      : rpc_(std::move(rpc)), client_name_("bdaas_" + rpc_.client_id()) {}

  HadoopRpc rpc_;
  std::string client_name_;
};

}  // namespace bdaas
