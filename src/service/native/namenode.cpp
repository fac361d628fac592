#include "service/native/namenode.h"

#include "service/native/wire.h"

namespace bdaas {
namespace {

constexpr std::uint64_t kCreateOrOverwrite = 1 | 2;  // CreateFlagProto
constexpr std::uint64_t kFileMode = 0644;
constexpr std::uint64_t kDisk = 1;  // StorageTypeProto

// The message that a response holds in one of its fields.
Result<WireMessage> part_of(const WireMessage& message, int field) {
  return WireMessage::read(message.bytes(field));
}

Result<HdfsBlock> block_from(std::string_view text) {
  BDAAS_ASSIGN(const auto message, WireMessage::read(text));
  return HdfsBlock{.pool = std::string(message.bytes(1)),
                   .id = message.number(2),
                   .generation = message.number(3),
                   .bytes = message.number(4)};
}

Result<DataNodePlace> node_from(std::string_view text) {
  BDAAS_ASSIGN(const auto info, WireMessage::read(text));
  BDAAS_ASSIGN(const auto id, part_of(info, 1));  // DatanodeIDProto
  return DataNodePlace{
      .place = {.host = std::string(id.bytes(2)), .port = static_cast<std::int64_t>(id.number(4))},
      .link = fmt::format("{}:{}", id.bytes(1), id.number(4)),
      .encoded = std::string(text)};
}

}  // namespace

std::string HdfsBlock::encoded() const {
  WireWriter block;
  block.bytes(1, pool).number(2, id).number(3, generation).number(4, bytes);
  return block.text();
}

Result<NameNode> NameNode::connect(const ClusterEndpoints& endpoints,
                                   const SocketOptions& options) {
  BDAAS_ASSIGN(auto rpc,
               HadoopRpc::connect(endpoints, endpoints.namenode_rpc, kClientProtocol, options));
  return NameNode(std::move(rpc));
}

Result<HdfsDefaults> NameNode::defaults() {
  BDAAS_ASSIGN(const auto answer, rpc_.call("getServerDefaults", ""));
  BDAAS_ASSIGN(const auto response, WireMessage::read(answer));
  BDAAS_ASSIGN(const auto defaults, part_of(response, 1));  // FsServerDefaultsProto
  return HdfsDefaults{.block_bytes = defaults.number(1),
                      .replication = defaults.number(4),
                      .encrypted_transfer = defaults.number(6) != 0};
}

Result<HdfsFile> NameNode::create(const std::string& path, std::uint64_t block_bytes,
                                  std::uint64_t replication) {
  WireWriter mode;
  mode.number(1, kFileMode);
  WireWriter request;
  request.bytes(1, path).message(2, mode).bytes(3, client_name_).number(4, kCreateOrOverwrite);
  request.number(5, true).number(6, replication).number(7, block_bytes);
  BDAAS_ASSIGN(const auto answer, rpc_.call("create", request.text()));
  BDAAS_ASSIGN(const auto response, WireMessage::read(answer));
  BDAAS_ASSIGN(const auto status, part_of(response, 1));  // HdfsFileStatusProto
  return HdfsFile{.path = path, .id = status.number(13)};
}

Result<PlacedBlock> NameNode::add_block(const HdfsFile& file,
                                        const std::optional<HdfsBlock>& previous,
                                        const std::vector<DataNodePlace>& excluded) {
  WireWriter request;
  request.bytes(1, file.path).bytes(2, client_name_);
  if (previous) request.bytes(3, previous->encoded());
  for (const auto& node : excluded) request.bytes(4, node.encoded);
  request.number(5, file.id);
  BDAAS_ASSIGN(const auto answer, rpc_.call("addBlock", request.text()));
  BDAAS_ASSIGN(const auto response, WireMessage::read(answer));
  BDAAS_ASSIGN(const auto located, part_of(response, 1));  // LocatedBlockProto
  PlacedBlock placed;
  BDAAS_ASSIGN(placed.block, block_from(located.bytes(1)));
  placed.token = located.bytes(5);
  const auto types = located.numbers(7);
  for (const auto text : located.all(3)) {
    BDAAS_ASSIGN(auto node, node_from(text));
    node.storage_type = placed.nodes.size() < types.size() ? types[placed.nodes.size()] : kDisk;
    placed.nodes.push_back(std::move(node));
  }
  if (placed.nodes.empty() || placed.block.pool.empty()) {
    return fail(ErrorKind::corrupted, "addBlock: the NameNode named no place for a block");
  }
  return placed;
}

Result<> NameNode::abandon_block(const HdfsFile& file, const HdfsBlock& block) {
  WireWriter request;
  request.bytes(1, block.encoded()).bytes(2, file.path).bytes(3, client_name_).number(4, file.id);
  BDAAS_TRY(rpc_.call("abandonBlock", request.text()));
  return {};
}

Result<bool> NameNode::complete(const HdfsFile& file, const std::optional<HdfsBlock>& last) {
  WireWriter request;
  request.bytes(1, file.path).bytes(2, client_name_);
  if (last) request.bytes(3, last->encoded());
  request.number(4, file.id);
  BDAAS_ASSIGN(const auto answer, rpc_.call("complete", request.text()));
  BDAAS_ASSIGN(const auto response, WireMessage::read(answer));
  return response.number(1) != 0;
}

Result<> NameNode::concat(const std::string& path, const std::vector<std::string>& parts) {
  WireWriter request;
  request.bytes(1, path);
  for (const auto& part : parts) request.bytes(2, part);
  BDAAS_TRY(rpc_.call("concat", request.text()));
  return {};
}

Result<> NameNode::renew_lease() {
  WireWriter request;
  request.bytes(1, client_name_);
  BDAAS_TRY(rpc_.call("renewLease", request.text()));
  return {};
}

}  // namespace bdaas
