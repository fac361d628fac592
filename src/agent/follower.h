#pragma once
// Sends a step's output over one connection as it grows. Files are looked at every 200 ms while
// they are followed and their step has not ended; a chunk is read only when the connection has room
// for it.

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/wait_set.h"
#include "model/agent_messages.h"

namespace bdaas {

inline constexpr std::size_t kChunkBytesMax = 64 * 1024;

class Follower {
 public:
  void follow(const Follow& order);  // replaces an earlier one of the same stream

  // The next chunk of any followed stream, in turn; nullopt: nothing new. `has_ended` tells of a
  // step whether its output is complete.
  template <class HasEnded>
  std::optional<OutputChunk> next_chunk(const std::string& node_dir, const HasEnded& has_ended) {
    for (std::size_t i = 0; i < follows_.size(); ++i) {
      std::rotate(follows_.begin(), follows_.begin() + 1, follows_.end());
      Follow& follow = follows_.back();
      // asked before reading: what follows the end is complete
      const bool ended = has_ended(follow.step);
      auto chunk = read_chunk(node_dir, follow, ended);
      if (!chunk) continue;
      if (chunk->end) follows_.pop_back();
      return chunk;
    }
    return std::nullopt;
  }

  bool idle() const { return follows_.empty(); }

 private:
  static std::optional<OutputChunk> read_chunk(const std::string& node_dir, Follow& follow,
                                               bool ended);
  std::vector<Follow> follows_;
};

}  // namespace bdaas
