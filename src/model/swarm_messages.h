#pragma once
// How the packages of a cluster come to its machines: the manager starts `bdaas-agent receive` on
// each by SSH and talks with it over its stdin and stdout, one line of JSON a message. Together
// they are a swarm: the manager sends each chunk to one of them, and tells them whom to fetch the
// others from. stdin's end is the end of the transfer.
//
// What agents say to one another, on a TCP connection to the address and port that one listens on:
//
//   kSwarmSecretBytes of the swarm's secret, once; then for each chunk that is wanted four bytes of
//   its number, the highest first. The answers are the bytes of the chunks, in the same order, and
//   nothing else; a request that cannot be answered ends the connection.

#include "model/chunk_map.h"
#include "model/typed_messages.h"

namespace bdaas {

inline constexpr std::size_t kSwarmSecretBytes = 32;
inline constexpr std::size_t kChunkRequestBytes = 4;
inline constexpr std::int64_t kSeedPieceBytes = 64 * 1024;
// The manager says something every ten seconds; an agent that hears nothing so long ends.
inline constexpr Millis kSwarmPing{10'000};
inline constexpr Millis kSwarmSilence{60'000};

// ---- down ----

struct JoinSwarm {  // first, once
  static constexpr std::string_view type = "join";
  std::string base;     // the manager's directory there
  std::string address;  // to listen on, for the others
  std::string secret;   // that they must say
  std::vector<PackageManifest> packages;
  bool wants = true;  // false: it only gives what it has

  static constexpr auto fields() {
    return std::tuple{required("base", &JoinSwarm::base, "the manager's directory there"),
                      required("address", &JoinSwarm::address, "to listen on, for the others"),
                      required("secret", &JoinSwarm::secret, "that the others must say"),
                      required("packages", &JoinSwarm::packages, ""),
                      optional("wants", &JoinSwarm::wants, "false: it only gives what it has")};
  }
};

struct SeedPiece {  // the next part of a chunk; so many bytes follow the line
  static constexpr std::string_view type = "seed";
  std::int64_t chunk = 0;
  std::int64_t bytes = 0;
  static constexpr auto fields() {
    return std::tuple{required("chunk", &SeedPiece::chunk, ""),
                      required("bytes", &SeedPiece::bytes, "that follow")};
  }
};

struct FetchChunk {
  static constexpr std::string_view type = "fetch";
  std::int64_t chunk = 0;
  std::string from;  // address:port
  static constexpr auto fields() {
    return std::tuple{required("chunk", &FetchChunk::chunk, ""),
                      required("from", &FetchChunk::from, "address:port")};
  }
};

struct DropPeer {  // whatever is still to come from it is not wanted any more
  static constexpr std::string_view type = "drop";
  std::string from;
  static constexpr auto fields() {
    return std::tuple{required("from", &DropPeer::from, "address:port")};
  }
};

struct SwarmPing {
  static constexpr std::string_view type = "ping";
  static constexpr std::tuple<> fields() { return {}; }
};

using SwarmOrder = std::variant<JoinSwarm, SeedPiece, FetchChunk, DropPeer, SwarmPing>;

// ---- up ----

struct Joined {
  static constexpr std::string_view type = "joined";
  std::int64_t port = 0;  // 0: nobody can fetch from it
  std::vector<std::int64_t> have;
  static constexpr auto fields() {
    return std::tuple{required("port", &Joined::port, "0: nobody can fetch from it"),
                      required("have", &Joined::have, "first, how many, first, how many, …")};
  }
};

struct HaveChunk {
  static constexpr std::string_view type = "have";
  std::int64_t chunk = 0;
  static constexpr auto fields() { return std::tuple{required("chunk", &HaveChunk::chunk, "")}; }
};

struct MissedChunk {  // it did not come, or not as it should be
  static constexpr std::string_view type = "missed";
  std::int64_t chunk = 0;
  std::string from;  // empty: the manager
  std::string why;
  static constexpr auto fields() {
    return std::tuple{required("chunk", &MissedChunk::chunk, ""),
                      required("from", &MissedChunk::from, "address:port; empty: the manager"),
                      required("why", &MissedChunk::why, "")};
  }
};

struct PackagesKept {  // all of them are there, on the disk, under their names
  static constexpr std::string_view type = "kept";
  static constexpr std::tuple<> fields() { return {}; }
};

struct SwarmRefusal {  // the last word
  static constexpr std::string_view type = "refusal";
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  static constexpr auto fields() {
    return std::tuple{required("kind", &SwarmRefusal::kind, ""),
                      required("message", &SwarmRefusal::message, "one sentence")};
  }
};

struct SwarmPong {
  static constexpr std::string_view type = "pong";
  static constexpr std::tuple<> fields() { return {}; }
};

using SwarmReport =
    std::variant<Joined, HaveChunk, MissedChunk, PackagesKept, SwarmRefusal, SwarmPong>;

// Of Joined. corrupted: beyond the set.
std::vector<std::int64_t> runs_of(const ChunkSet& set);
Result<> add_runs(const std::vector<std::int64_t>& runs, ChunkSet& set);

// A request between agents; nothing: no chunk of these has that number.
std::string write_chunk_request(int chunk);
std::optional<int> read_chunk_request(std::string_view bytes, int chunks);

}  // namespace bdaas
