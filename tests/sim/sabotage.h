#pragma once
// Where a test may put its hands: between the manager and its seams, in place of a decider, into
// the store, and at every point where the manager may die. The default leaves everything as it is.

#include "control/loop.h"
#include "memory_store.h"
#include "transport/fake/fake_links.h"

namespace bdaas {

// Thrown by a probe: the manager dies here.
struct ManagerKilled {};

enum class Point {
  before_intent,  // the intent is written, not committed
  before_call,    // committed; the call is not made
  after_call,     // carried out; nobody heard of it
  after_answer,   // the answer is committed
  before_commit,  // of any transaction
  after_commit,
};

struct Sabotage {
  Deciders deciders;
  std::function<Result<Machine>(Provider&, const RentRequest&)> rent =
      [](Provider& provider, const RentRequest& request) { return provider.rent(request); };
  std::function<Result<>(Provider&, const LeaseId&)> release =
      [](Provider& provider, const LeaseId& token) { return provider.release(token); };
  std::function<Result<std::vector<ListedMachine>>(Provider&)> list = [](Provider& provider) {
    return provider.list();
  };
  std::function<Outcome(const EffectCall&)> run = [](const EffectCall& call) { return call.run(); };
  std::function<bool(NodeLinks&, const NodeId&, const Order&)> send =
      [](NodeLinks& links, const NodeId& node, const Order& order) {
        return links.send(node, order);
      };
  std::function<void(NodeLinks&, std::vector<LinkEvent>&)> drained = [](NodeLinks&,
                                                                        std::vector<LinkEvent>&) {};
  std::function<void(MemoryStore&)> at_restart = [](MemoryStore&) {};
  std::function<bool(const MemoryStore::Written&)> keeps = [](const MemoryStore::Written&) {
    return true;
  };
  std::function<void(FakeLinks&)> links_moved = [](FakeLinks&) {};  // something was delivered
  bool agents_forget_inits = false;

  // effect: absent for the points of a commit.
  std::function<void(Point, std::optional<Effect>)> probe = [](Point, std::optional<Effect>) {};
};

}  // namespace bdaas
