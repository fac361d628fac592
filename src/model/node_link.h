#pragma once
// The node-link seam: getting an agent onto a machine, and talking with it for as long as it lives.
// Implementations: transport (real), the simulation's (drops, delays, doubles, reorders,
// reconnects).

#include <atomic>
#include <functional>

#include "model/agent_messages.h"
#include "model/provider.h"

namespace bdaas {

// Puts the agent on the machine and starts it as a detached daemon; success if it runs already for
// that lease. Blocking; pool threads.
class AgentPlacer {
 public:
  virtual ~AgentPlacer() = default;
  virtual Result<> place(const Machine& machine, const AgentConfig& config) = 0;
};

// What one machine of a cluster is to have.
struct Delivery {
  ClusterId cluster;
  Machine machine;
  std::vector<Machine> others;     // of the cluster, that may have some of it
  std::vector<std::string> names;  // directories of the manager's packages; they tell their content
};

// Brings packages of a release to machines that are other computers. Blocking; pool threads.
class PackageCarrier {
 public:
  virtual ~PackageCarrier() = default;
  // What is there already is left alone. Machines of one cluster whose calls are under way at the
  // same time get it from one another. cancelled: soon after the flag.
  virtual Result<> carry(const Delivery& delivery, const std::atomic<bool>& cancel) = 0;
};

struct LinkUp {
  NodeId node;
  Hello hello;
};
struct LinkDown {
  NodeId node;
  std::string why;
};
struct LinkReport {
  NodeId node;
  Report report;
};
using LinkEvent = std::variant<LinkUp, LinkDown, LinkReport>;

// All lasting links in one poll loop of its own thread. It keeps dialling a wanted node with
// backoff. Every function returns at once; any thread.
class NodeLinks {
 public:
  virtual ~NodeLinks() = default;
  virtual void open(const NodeId& node,
                    const Machine& machine) = 0;  // wanted from now on; repeating is harmless
  virtual void close(const NodeId& node) = 0;     // no longer wanted
  // Queued while connected; dropped when not (level-triggered senders repeat). False: dropped.
  virtual bool send(const NodeId& node, const Order& order) = 0;
  // Takes what arrived since the last call, in order per node.
  virtual std::vector<LinkEvent> drain() = 0;
  // Called on the loop's thread whenever drain() has something; must not block. Set before the
  // first open(). Another one takes its place, an empty one none: on return the old one does not
  // run any more, and never will. Not from within a call.
  virtual void on_event(std::function<void()> wake) = 0;
};

}  // namespace bdaas
