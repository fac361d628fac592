#include "service/native/block_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/os_error.h"
#include "service/native/connect_to.h"
#include "service/native/crc32c.h"
#include "service/native/wire.h"

namespace bdaas {
namespace {

constexpr std::string_view kWriteBlock("\0\x1C\x50", 3);  // version 28, operation 80
constexpr std::uint64_t kCreateStage = 6;                 // PIPELINE_SETUP_CREATE
constexpr std::uint64_t kCrc32c = 2;                      // ChecksumTypeProto
constexpr std::size_t kChunkBytes = 512;                  // under one checksum
// At most 16 MiB is allowed. A DataNode needs a third less time for packets of 1 MiB than for those
// of 256 KiB.
constexpr std::size_t kPacketBytes = 1u << 20;
constexpr std::uint64_t kPacketsUnderWay = 16;
constexpr std::size_t kAnswerBytesMax = 64 * 1024;

// OpWriteBlockProto
std::string setup_request(const PlacedBlock& placed, const std::string& client_name) {
  HdfsBlock empty = placed.block;
  empty.bytes = 0;
  WireWriter base;
  base.bytes(1, empty.encoded()).bytes(2, placed.token);
  WireWriter header;
  header.message(1, base).bytes(2, client_name);
  WireWriter checksum;
  checksum.number(1, kCrc32c).number(2, kChunkBytes);
  WireWriter request;
  request.message(1, header);
  for (std::size_t i = 1; i < placed.nodes.size(); ++i) request.bytes(2, placed.nodes[i].encoded);
  request.number(4, kCreateStage).number(5, placed.nodes.size()).number(6, 0).number(7, 0);
  request.number(8, empty.generation).message(9, checksum);
  request.number(11, placed.nodes.front().storage_type);
  for (std::size_t i = 1; i < placed.nodes.size(); ++i) {
    request.number(12, placed.nodes[i].storage_type);
  }
  return std::string(kWriteBlock) + request.delimited();
}

// What stands before a packet's data: two lengths, PacketHeaderProto, the checksums.
std::string packet_head(std::string_view data, std::uint64_t offset, std::uint64_t number) {
  WireWriter header;
  header.fixed64(1, offset).fixed64(2, number).number(3, data.empty());  // the last one is empty
  header.fixed32(4, static_cast<std::uint32_t>(data.size()));
  const std::size_t chunks = (data.size() + kChunkBytes - 1) / kChunkBytes;
  std::string head;
  head.reserve(64 + 4 * chunks);
  append_big_endian(head, 4 + 4 * chunks + data.size(), 4);
  append_big_endian(head, header.text().size(), 2);
  head += header.text();
  for (; !data.empty(); data.remove_prefix(std::min(kChunkBytes, data.size()))) {
    append_big_endian(head, crc32c(data.substr(0, kChunkBytes)), 4);
  }
  return head;
}

class BlockStream {
 public:
  BlockStream(StreamSocket socket, const PlacedBlock& placed)
      : socket_(std::move(socket)), placed_(placed) {}

  Result<> open(const std::string& client_name) {
    BDAAS_TRY(socket_.send({setup_request(placed_, client_name)}));
    BDAAS_ASSIGN(const auto text, socket_.receive_delimited(kAnswerBytesMax));
    BDAAS_ASSIGN(const auto answer, WireMessage::read(text));  // BlockOpResponseProto
    const std::uint64_t status = answer.number(1, ~0ull);
    if (status == 0) return {};
    if (!answer.bytes(2).empty()) blame_link(answer.bytes(2));
    return fail(ErrorKind::unavailable, "it refused the block (status {}): {}", status,
                printable(answer.bytes(5)));
  }

  // Sends a packet; takes what acknowledgements there are, or must be.
  Result<> put(std::string_view data) {
    auto put = socket_.send({packet_head(data, offset_, sent_), data});
    if (!put) {  // what it said last tells more than that it is not there any more
      while (acknowledged_ < sent_ && socket_.has_input()) BDAAS_TRY(take_acknowledgement());
      return put;
    }
    offset_ += data.size();
    ++sent_;
    while (sent_ - acknowledged_ > kPacketsUnderWay ||
           (sent_ > acknowledged_ && socket_.has_input())) {
      BDAAS_TRY(take_acknowledgement());
    }
    return {};
  }

  // The empty packet that ends the block; then everything is acknowledged.
  Result<> finish() {
    BDAAS_TRY(put({}));
    while (acknowledged_ < sent_) BDAAS_TRY(take_acknowledgement());
    return {};
  }

  std::size_t blamed() const { return blamed_; }

 private:
  Result<> take_acknowledgement() {
    BDAAS_ASSIGN(const auto text, socket_.receive_delimited(kAnswerBytesMax));
    BDAAS_ASSIGN(const auto answer, WireMessage::read(text));  // PipelineAckProto
    const auto replies = answer.numbers(2);
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (replies[i] == 0) continue;
      blamed_ = std::min(i, placed_.nodes.size() - 1);
      return fail(ErrorKind::unavailable, "it could not write the block (status {})", replies[i]);
    }
    if (answer.signed_number(1) != static_cast<std::int64_t>(acknowledged_) ||
        replies.size() != placed_.nodes.size()) {
      return fail(ErrorKind::corrupted, "it acknowledged something else than packet {}",
                  acknowledged_);
    }
    ++acknowledged_;
    return {};
  }

  // `link` is a node further down that could not be reached.
  void blame_link(std::string_view link) {
    for (std::size_t i = 0; i < placed_.nodes.size(); ++i) {
      if (placed_.nodes[i].link == link) blamed_ = i;
    }
  }

  StreamSocket socket_;
  const PlacedBlock& placed_;
  std::size_t blamed_ = 0;          // the first one, until something else is known
  std::uint64_t offset_ = 0;        // in the block
  std::uint64_t sent_ = 0;          // packets
  std::uint64_t acknowledged_ = 0;  // packets
};

Result<> stream_block(BlockStream& stream, std::uint64_t offset, std::uint64_t bytes,
                      const BlockSource& source) {
  std::string buffer(std::min<std::uint64_t>(kPacketBytes, bytes), '\0');
  for (std::uint64_t done = 0; done < bytes;) {
    const auto part = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), bytes - done));
    BDAAS_TRY(source(offset + done, part));
    BDAAS_TRY(stream.put({part.data(), part.size()}));
    done += part.size();
  }
  return stream.finish();
}

}  // namespace

BlockSource source_of(int fd, std::uint64_t begin, std::string name) {
  return [=](std::uint64_t offset, std::span<char> buffer) -> Result<> {
    while (!buffer.empty()) {
      const ssize_t got =
          ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(begin + offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return os_error(errno, fmt::format("cannot read {}", name));
      if (got == 0) {
        return fail(ErrorKind::corrupted, "{} became shorter while it was read", name);
      }
      buffer = buffer.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return {};
  };
}

std::optional<BlockFailure> write_block(const ClusterEndpoints& endpoints, const PlacedBlock& block,
                                        const std::string& client_name, std::uint64_t offset,
                                        const BlockSource& source, const SocketOptions& options) {
  const auto failure = [&block](Error error, std::size_t node) {
    return BlockFailure{
        std::move(error).context(fmt::format("DataNode {}", block.nodes[node].place.host)), node};
  };
  const HostPort& first = block.nodes.front().place;
  auto socket = connect_to(endpoints, first, options);
  if (!socket && socket.error().kind == ErrorKind::not_found) {
    return failure(fail(ErrorKind::unavailable, "its address is not known"), 0);
  }
  if (!socket) return failure(std::move(socket).error(), 0);
  BlockStream stream(*std::move(socket), block);
  auto done = stream.open(client_name);
  if (done) done = stream_block(stream, offset, block.block.bytes, source);
  if (!done) return failure(std::move(done).error(), stream.blamed());
  return std::nullopt;
}

}  // namespace bdaas
