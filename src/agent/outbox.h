#pragma once
// Reports that must arrive: numbered, kept with the agent's state until acknowledged. Only the
// newest of what tells the same thing is kept (all daemons' states, a step's process, …), so it
// does not grow while nobody listens.

#include <span>
#include <string>
#include <vector>

#include "agent/agent_state.h"

namespace bdaas {

class Outbox {
 public:
  struct Entry {
    std::int64_t seq = 0;
    std::string subject;  // two reports with one subject: the newer replaces the older
    std::string line;
  };

  explicit Outbox(StateStore& store);  // outlives it

  void add(Report report);  // its seq is given here
  void acknowledge(std::int64_t seq);
  const std::vector<Entry>& entries() const { return entries_; }  // by growing seq
  // Those that the next agent would know of: only they may be sent, for a number that was seen must
  // never be given again.
  std::span<const Entry> saved() const;

 private:
  void record();

  StateStore& store_;
  std::vector<Entry> entries_;
};

}  // namespace bdaas
