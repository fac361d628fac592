#pragma once
// The manager's side of one member of a swarm: what is said to `bdaas-agent receive` on a machine,
// and what that says. Nothing blocks but the manager's disk; one thread.

#include <poll.h>

#include <deque>

#include "base/unique_fd.h"
#include "model/line_buffer.h"
#include "model/swarm_messages.h"

namespace bdaas {

class SwarmLink {
 public:
  using Steady = std::chrono::steady_clock;

  // stream: its stdin and stdout, non-blocking. map and packages outlive this.
  SwarmLink(UniqueFd stream, const ChunkMap& map, const std::filesystem::path& packages);

  void say(const SwarmOrder& order) { unsent_ += write_message(order); }
  void seed(int chunk) { seeds_.push_back(chunk); }

  pollfd watch() const;
  // What came. An error: the link is of no use any more.
  Result<std::vector<SwarmReport>> turn(short seen);
  // It says nothing any more; its last words were among the reports.
  bool is_ended() const { return is_ended_; }
  // When it was heard of, or took something.
  Steady::time_point lively_at() const { return lively_at_; }

 private:
  Result<> write_some();
  Result<> next_piece();
  Result<> read_some(std::vector<SwarmReport>& reports);

  UniqueFd stream_;
  const ChunkMap& map_;
  const std::filesystem::path& packages_;
  std::string unsent_;
  std::size_t sent_ = 0;  // of it
  std::deque<int> seeds_;
  std::int64_t seed_at_ = 0;  // of the first
  LineBuffer lines_;
  bool is_ended_ = false;
  Steady::time_point lively_at_ = Steady::now();
};

}  // namespace bdaas
