// What managers and agents of a swarm say to one another.

#include "agent/swarm/peer_fetches.h"
#include "fuzz/fuzz.h"
#include "model/swarm_messages.h"

namespace {

using namespace bdaas;

// Of a list that is taken, every chunk lies within its package.
void look_at(const JoinSwarm& join) {
  const auto map = ChunkMap::make(join.packages);
  if (!map.ok()) return;
  for (int chunk = 0; chunk < map->count(); ++chunk) {
    std::int64_t bytes = 0;
    for (const auto& piece : map->pieces(chunk, 0, map->bytes_of(chunk))) {
      fuzz::require(piece.at >= 0 && piece.bytes > 0, "a piece has bytes");
      fuzz::require(piece.at + piece.bytes <= piece.file->bytes, "a piece lies within its file");
      bytes += piece.bytes;
    }
    fuzz::require(bytes == map->bytes_of(chunk), "the pieces are the chunk");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto order = read_message<SwarmOrder>(text);
  if (order.ok()) {
    const auto again = read_message<SwarmOrder>(write_message(*order));
    fuzz::require(again.ok(), "what was read can be written and read");
    if (const auto* join = std::get_if<JoinSwarm>(&*order)) look_at(*join);
  }
  const auto report = read_message<SwarmReport>(text);
  if (report.ok()) {
    if (const auto* joined = std::get_if<Joined>(&*report)) {
      ChunkSet set(100);
      if (add_runs(joined->have, set).ok()) {
        ChunkSet again(100);
        fuzz::require(add_runs(runs_of(set), again).ok() && again.words() == set.words(),
                      "runs say what they were made of");
      }
    }
  }
  const auto chunk = read_chunk_request(text.substr(0, kChunkRequestBytes), 1000);
  fuzz::require(!chunk || write_chunk_request(*chunk) == text.substr(0, kChunkRequestBytes),
                "a request is its number");
  static_cast<void>(read_peer_address(std::string(text)));
  return 0;
}
