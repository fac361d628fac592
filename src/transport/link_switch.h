#pragma once
// Several kinds of links and placers behind the one seam, chosen by machine. Thread-safe as its
// parts are.

#include <functional>
#include <map>
#include <mutex>

#include "model/node_link.h"

namespace bdaas {

class LinkSwitch final : public NodeLinks, public AgentPlacer {
 public:
  struct Way {
    NodeLinks* links = nullptr;
    AgentPlacer* placer = nullptr;
  };

  // takes_second: whether a machine belongs to the second way.
  LinkSwitch(Way first, Way second, std::function<bool(const Machine&)> takes_second)
      : first_(first), second_(second), takes_second_(std::move(takes_second)) {}

  void open(const NodeId& node, const Machine& machine) override;
  void close(const NodeId& node) override;
  bool send(const NodeId& node, const Order& order) override;
  std::vector<LinkEvent> drain() override;
  void on_event(std::function<void()> wake) override;
  Result<> place(const Machine& machine, const AgentConfig& config) override;

 private:
  NodeLinks* links_of(const NodeId& node);  // null: never opened

  Way first_;
  Way second_;
  std::function<bool(const Machine&)> takes_second_;
  std::mutex mutex_;
  std::map<NodeId, NodeLinks*> opened_;  // guarded by mutex_
};

}  // namespace bdaas
