#pragma once
// What a decider answers: a list of changes to rows, and effects to start. Plain data; nothing here
// does anything. A decider names a row at most once per answer; the loop decides again until
// nothing changes.

#include <variant>

#include "store/store.h"

namespace bdaas {

template <class N>
struct Insert {
  N row;
};

template <class N>
struct Update {
  N row;  // all but its status
};

template <class N>
struct Move {
  N row;  // other members that changed are written too
  StateOf<N> to;
  Reason reason;
  std::string source;
  std::string message;
};

// Commits an intent (unless the effect only reads) and then starts the effect.
struct Start {
  Effect effect;
  std::string subject;
  std::int64_t attempt = 1;
};

// The end of an intent.
struct Settle {
  Intent intent;
};

// A line of history that is no transition: "node ready".
struct Note {
  HistoryRow row;
};

using Change = std::variant<Insert<Cluster>, Insert<Node>, Insert<Lease>, Insert<Step>, Insert<Job>,
                            Insert<JobResult>, Insert<Program>, Insert<DataSet>, Update<Cluster>,
                            Update<Node>, Update<Lease>, Update<Step>, Update<Job>, Update<DataSet>,
                            Move<Cluster>, Move<Lease>, Move<Step>, Move<Job>, Start, Settle, Note>;

using Changes = std::vector<Change>;

// A decider's answer: what to change now, and when to look again at the latest.
struct Decision {
  Changes changes;
  std::optional<Time> look_again;

  void at(Time time) {
    if (!look_again || time < *look_again) look_again = time;
  }
};

// The id of an intent is made of what it is about, so that a decider needs no randomness.
IntentId intent_id(Effect effect, const std::string& subject, std::int64_t attempt, Time now);

}  // namespace bdaas
