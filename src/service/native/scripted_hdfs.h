#pragma once
// For tests: a NameNode and DataNodes that are stricter than the real ones. They check every
// length, number and checksum; what they do not like stands in complaints(), and is answered with
// a refusal. They can be told to misbehave. Blocks go to the DataNodes in turn.

#include <deque>

#include "service/native/crc32c.h"
#include "service/native/scripted_rpc.h"

namespace bdaas {

enum class DataNodeFault {
  none,
  refuses,          // the block, with a message
  closes_at_once,   // before it said anything
  closes_midway,    // after its first packet
  fails_midway,     // acknowledges its first packet with an error
  skips_a_packet,   // acknowledges the second packet in the place of the first
  forgets_a_reply,  // acknowledges for fewer DataNodes than there are
  talks_nonsense,
};

class ScriptedHdfs {
 public:
  struct Behaviour {
    std::uint64_t replication = 1;
    std::uint64_t block_bytes = 128u << 20;
    bool encrypted = false;
    int not_replicated_yet = 0;  // so often is a block refused, for now
    int not_complete_yet = 0;    // so often is a file not closed, for now
    DataNodeFault fault = DataNodeFault::none;
    int faults = 1;  // so many blocks are treated so; then all goes well
    // May answer in the NameNode's place.
    std::function<std::optional<RpcReply>(const std::string& method, const WireMessage& request)>
        namenode;
    std::function<void(const std::string& path, const std::string& content)> on_close;
    std::function<void(const std::string& path)> on_remove;
  };

  explicit ScriptedHdfs(int datanodes = 1, const char* address = "127.0.0.1",
                        std::uint16_t namenode_port = 0)
      : namenode_(
            std::string("org.apache.hadoop.hdfs.protocol.ClientProtocol"),
            [this](const std::string& method, const WireMessage& request) {
              return answer(method, request);
            },
            address, namenode_port) {
    for (int i = 0; i < datanodes; ++i) {
      datanodes_.emplace_back(
          [this, i](Connection& to) { take_block(to, static_cast<std::size_t>(i)); }, address);
    }
  }

  // hdfs.set([](auto& it) { it.replication = 2; });
  template <class Change>
  void set(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(behaviour_);
  }

  ClusterEndpoints endpoints() const {
    auto endpoints = ScriptedRpc::endpoints();
    endpoints.namenode_rpc = namenode_.place();
    return endpoints;
  }
  std::map<std::string, std::string> files() {  // closed ones
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::vector<std::size_t> block_sizes(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return sizes_[path];
  }
  // The DataNodes of every block, in the order in which they were asked for.
  std::vector<std::vector<std::size_t>> placements() {
    const std::lock_guard lock(mutex_);
    std::vector<std::vector<std::size_t>> all;
    for (const auto& [id, block] : blocks_) all.push_back(block.nodes);
    return all;
  }
  int calls(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return calls_[method];
  }
  int connections() const { return namenode_.connections(); }
  std::vector<std::string> complaints() {
    auto all = namenode_.complaints();
    const std::lock_guard lock(mutex_);
    all.insert(all.end(), complaints_.begin(), complaints_.end());
    return all;
  }

 private:
  using Connection = HttpTestServer::Connection;

  struct Block {
    std::string encoded;  // without its length
    std::uint64_t generation = 0;
    std::vector<std::size_t> nodes;
    std::string content;
    bool whole = false;
  };
  struct File {
    std::string path;
    std::string client;
    std::uint64_t block_bytes = 0;
    std::vector<std::uint64_t> blocks;
  };

  // ---- the NameNode; called one at a time ----

  RpcReply answer(const std::string& method, const WireMessage& request) {
    const std::lock_guard lock(mutex_);
    ++calls_[method];
    if (behaviour_.namenode) {
      if (auto said = behaviour_.namenode(method, request)) return *said;
    }
    if (method == "getServerDefaults") return defaults();
    if (method == "create") return create(request);
    if (method == "renewLease") return {};
    if (method == "concat") return concat(request);
    const bool abandon = method == "abandonBlock";
    const auto file = files_.find(request.number(method == "addBlock" ? 5 : 4));
    if (file == files_.end()) return refuse("no such file");
    File& open = file->second;
    if (request.bytes(abandon ? 2 : 1) != open.path) return refuse("another path");
    if (request.bytes(abandon ? 3 : 2) != open.client) return refuse("another's lease");
    if (abandon) return abandon_block(open, request);
    if (const char* wrong = check_last(open, request.bytes(3))) return refuse(wrong);
    if (method == "addBlock") return add_block(open, request);
    return method == "complete" ? complete(file->first, open) : refuse("no such method");
  }

  RpcReply refuse(const char* why) {
    complaints_.push_back(why);
    return {.exception = "java.io.IOException", .message = why};
  }

  RpcReply defaults() const {
    WireWriter all;
    all.number(1, behaviour_.block_bytes).number(2, 512).number(3, 65'536);
    all.number(4, behaviour_.replication).number(5, 4096).number(6, behaviour_.encrypted);
    return {.response = WireWriter().message(1, all).text()};
  }

  RpcReply create(const WireMessage& request) {
    if (request.number(4) != 3 || request.number(5) != 1) return refuse("not to be replaced");
    if (request.number(6) != behaviour_.replication) return refuse("another replication");
    if (WireMessage::read(request.bytes(2))->number(1) != 0644) return refuse("another mode");
    const std::uint64_t id = 16'386 + files_.size();
    files_[id] = {.path = std::string(request.bytes(1)),
                  .client = std::string(request.bytes(3)),
                  .block_bytes = request.number(7)};
    closed_.erase(files_[id].path);
    WireWriter status;
    status.number(1, 2).bytes(2, "").number(3, 0).number(13, id);
    return {.response = WireWriter().message(1, status).text()};
  }

  // What is wrong about the last block as the client tells it.
  const char* check_last(const File& file, std::string_view told) {
    if (file.blocks.empty()) return told.empty() ? nullptr : "a block that is none";
    const auto read = WireMessage::read(told);
    const Block& last = blocks_[file.blocks.back()];
    if (!read || read->number(2) != file.blocks.back()) return "another block than the last";
    if (read->number(3) != last.generation) return "another generation";
    if (!last.whole || read->number(4) != last.content.size()) return "another length";
    return nullptr;
  }

  RpcReply add_block(File& file, const WireMessage& request) {
    if (behaviour_.not_replicated_yet-- > 0) {
      return {.exception = "org.apache.hadoop.hdfs.server.namenode.NotReplicatedYetException",
              .message = "Not replicated yet: " + file.path};
    }
    const auto excluded = request.all(4);
    Block block;
    for (std::size_t i = 0; i < datanodes_.size(); ++i) {
      const std::size_t node = (next_node_ + i) % datanodes_.size();
      const bool out = std::find(excluded.begin(), excluded.end(), info(node)) != excluded.end();
      if (!out && block.nodes.size() < behaviour_.replication) block.nodes.push_back(node);
    }
    ++next_node_;
    if (block.nodes.empty()) {
      return {.exception = "java.io.IOException",
              .message = "File could only be written to 0 of the 1 minReplication nodes."};
    }
    const std::uint64_t id = 1'073'741'825 + blocks_.size();
    block.generation = 1000 + id;
    WireWriter name;
    name.bytes(1, "BP-7").number(2, id).number(3, block.generation);
    block.encoded = name.text();
    WireWriter located;
    located.message(1, name).number(2, 0);
    for (const auto node : block.nodes) located.bytes(3, info(node));
    located.number(4, 0).bytes(5, kToken);
    for (std::size_t i = 0; i < block.nodes.size(); ++i) located.number(7, 1);
    blocks_[id] = std::move(block);
    file.blocks.push_back(id);
    return {.response = WireWriter().message(1, located).text()};
  }

  RpcReply abandon_block(File& file, const WireMessage& request) {
    const auto block = WireMessage::read(request.bytes(1));
    if (!block || file.blocks.empty() || block->number(2) != file.blocks.back()) {
      return refuse("not the newest block");
    }
    file.blocks.pop_back();
    return {};
  }

  RpcReply complete(std::uint64_t id, const File& file) {
    if (behaviour_.not_complete_yet-- > 0) return {.response = WireWriter().number(1, 0).text()};
    std::string content;
    std::vector<std::size_t> sizes;
    for (const auto block : file.blocks) {
      content += blocks_[block].content;
      sizes.push_back(blocks_[block].content.size());
      if (sizes.back() > file.block_bytes) return refuse("a block longer than the file's are");
    }
    if (behaviour_.on_close) behaviour_.on_close(file.path, content);
    closed_[file.path] = content;
    sizes_[file.path] = sizes;
    files_[id].client = "nobody";
    return {.response = WireWriter().number(1, 1).text()};
  }

  RpcReply concat(const WireMessage& request) {
    const std::string path(request.bytes(1));
    for (const auto part : request.all(2)) {
      const auto from = closed_.find(std::string(part));
      if (from == closed_.end() || !closed_.contains(path)) return refuse("nothing to concat");
      closed_[path] += from->second;
      if (behaviour_.on_close) behaviour_.on_close(path, closed_[path]);
      if (behaviour_.on_remove) behaviour_.on_remove(from->first);
      closed_.erase(from);
    }
    return {};
  }

  // DatanodeInfoProto
  std::string info(std::size_t node) const {
    WireWriter id;
    id.bytes(1, "127.0.0.1").bytes(2, fmt::format("c-7-worker-{}", node + 1));
    id.bytes(3, fmt::format("uuid-{}", node));
    id.number(4, static_cast<std::uint64_t>(datanodes_[node].port())).number(5, 1).number(6, 2);
    WireWriter all;
    all.message(1, id).number(2, 1 << 30).bytes(8, "/default-rack");
    return all.text();
  }

  // ---- a DataNode; a thread for each block ----

  void take_block(Connection& connection, std::size_t node) {
    std::string head;
    std::string request;
    if (!connection.read_exactly(3, head)) return;
    if (!expect(head == std::string("\0\x1C\x50", 3), "version 28, to write a block")) return;
    if (!read_delimited(connection, request)) return;
    std::uint64_t id = 0;
    std::size_t pipeline = 0;
    const char* wrong = check_setup(request, node, id, pipeline);
    if (!expect(wrong == nullptr, wrong == nullptr ? "" : wrong)) return;
    const DataNodeFault fault = next_fault();
    if (fault == DataNodeFault::closes_at_once) return;
    WireWriter setup;
    setup.number(1, fault == DataNodeFault::refuses ? 1 : 0).bytes(2, "");
    if (fault == DataNodeFault::refuses) setup.bytes(5, "Not enough space\n");
    connection.say(fault == DataNodeFault::talks_nonsense
                       ? "HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(100, ' ')
                       : setup.delimited());
    if (fault == DataNodeFault::refuses || fault == DataNodeFault::talks_nonsense) {
      return connection.wait_for_close();
    }
    receive_packets(connection, id, pipeline, fault);
  }

  DataNodeFault next_fault() {
    const std::lock_guard lock(mutex_);
    return behaviour_.faults-- > 0 ? behaviour_.fault : DataNodeFault::none;
  }

  static bool read_delimited(Connection& connection, std::string& message) {
    std::string length;
    do {
      if (length.size() > 4 || !connection.read_exactly(1, length)) return false;
    } while ((static_cast<unsigned char>(length.back()) & 0x80) != 0);
    std::string_view text = length;
    std::uint64_t bytes = 0;
    return take_varint(text, bytes) && connection.read_exactly(bytes, message);
  }

  // What is wrong about the request for a block.
  const char* check_setup(const std::string& text, std::size_t node, std::uint64_t& id,
                          std::size_t& pipeline) {
    const auto request = WireMessage::read(text);
    if (!request) return "no request";
    const auto header = WireMessage::read(request->bytes(1)).value();
    const auto base = WireMessage::read(header.bytes(1)).value();
    const auto name = WireMessage::read(base.bytes(1)).value();
    const auto checksum = WireMessage::read(request->bytes(9)).value();
    const std::lock_guard lock(mutex_);
    id = name.number(2);
    if (!blocks_.contains(id)) return "an unknown block";
    const Block& block = blocks_[id];
    if (!base.bytes(1).starts_with(block.encoded) || name.number(4) != 0) return "another block";
    if (base.bytes(2) != kToken) return "another token";
    if (!header.bytes(2).starts_with("bdaas_")) return "another client";
    if (block.nodes.front() != node) return "a block that goes elsewhere";
    const auto targets = request->all(2);
    pipeline = block.nodes.size();
    if (request->number(5) != pipeline || targets.size() != pipeline - 1) return "a wrong pipeline";
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] != info(block.nodes[i + 1])) return "a wrong target";
    }
    if (request->numbers(12).size() != targets.size()) return "storage types without targets";
    if (request->number(4) != 6 || request->number(6, 1) != 0 || request->number(7, 1) != 0) {
      return "another stage";
    }
    if (request->number(8) != block.generation) return "another generation";
    if (checksum.number(1) != 2 || checksum.number(2) != 512) return "another checksum";
    return nullptr;
  }

  void receive_packets(Connection& connection, std::uint64_t id, std::size_t pipeline,
                       DataNodeFault fault) {
    std::string content;
    for (std::uint64_t number = 0;; ++number) {
      bool last = false;
      if (!receive_packet(connection, number, content, last)) return;
      if (fault == DataNodeFault::closes_midway) return;
      if (last) {
        const std::lock_guard lock(mutex_);
        blocks_[id].content = content;
        blocks_[id].whole = true;
      }
      const bool bad = fault == DataNodeFault::fails_midway;
      const bool skips = fault == DataNodeFault::skips_a_packet;
      WireWriter ack;
      ack.signed_number(1, static_cast<std::int64_t>(number) + (skips ? 1 : 0));
      const std::size_t replies = pipeline - (fault == DataNodeFault::forgets_a_reply ? 1 : 0);
      for (std::size_t i = 0; i < replies; ++i) ack.number(2, bad && i + 1 == replies ? 1 : 0);
      ack.number(3, 7).bytes(4, std::string_view("\0", 1));
      connection.say(ack.delimited());
      if (last || bad || skips) return connection.wait_for_close();
    }
  }

  // False: the connection ended, or what came is wrong.
  bool receive_packet(Connection& connection, std::uint64_t number, std::string& content,
                      bool& last) {
    std::string lengths;
    std::string header_text;
    if (!connection.read_exactly(6, lengths)) return false;
    const std::size_t payload = big_endian(std::string_view(lengths).substr(0, 4));
    if (!connection.read_exactly(big_endian(std::string_view(lengths).substr(4)), header_text)) {
      return false;
    }
    const auto header = WireMessage::read(header_text);
    if (!expect(header.ok(), "a packet's header")) return false;
    const std::size_t bytes = header->number(4);
    const std::size_t chunks = (bytes + 511) / 512;
    last = header->number(3) != 0;
    if (!expect(payload == 4 + 4 * chunks + bytes && payload < (16u << 20), "lengths that fit") ||
        !expect(header->number(1, 1) == content.size(), "the next offset") ||
        !expect(header->number(2, ~0ull) == number, "the next number") ||
        !expect(last == (bytes == 0), "an empty packet at the end, and only there") ||
        !expect(content.size() % 512 == 0 || last, "whole chunks before the last")) {
      return false;
    }
    std::string sums;
    std::string data;
    if (!connection.read_exactly(4 * chunks, sums) || !connection.read_exactly(bytes, data)) {
      return false;
    }
    for (std::size_t i = 0; i < chunks; ++i) {
      const auto sum = big_endian(std::string_view(sums).substr(4 * i, 4));
      if (!expect(sum == crc32c_by_table(std::string_view(data).substr(512 * i, 512)),
                  "its checksum")) {
        return false;
      }
    }
    content += data;
    return true;
  }

  static std::uint64_t big_endian(std::string_view text) {
    std::uint64_t value = 0;
    for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

  bool expect(bool holds, const char* what) {
    const std::lock_guard lock(mutex_);
    if (!holds) complaints_.push_back(std::string("expected: ") + what);
    return holds;
  }

  static constexpr std::string_view kToken{"\x0A\0\x12\0\x1A\0\x22\0", 8};

  std::mutex mutex_;
  Behaviour behaviour_;                  // guarded by mutex_, as the rest
  std::map<std::uint64_t, File> files_;  // by id
  std::map<std::uint64_t, Block> blocks_;
  std::map<std::string, std::string> closed_;
  std::map<std::string, std::vector<std::size_t>> sizes_;
  std::map<std::string, int> calls_;
  std::vector<std::string> complaints_;
  std::size_t next_node_ = 0;
  std::deque<HttpTestServer> datanodes_;  // the servers last: they end first
  ScriptedRpc namenode_;
};

}  // namespace bdaas
