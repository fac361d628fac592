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
    bool (*takes)(const Machine&) = nullptr;  // null: every machine
  };

  // A machine goes the first way that takes it; the last takes every one. All outlive this.
  explicit LinkSwitch(std::vector<Way> ways) : ways_(std::move(ways)) {}

  void open(const NodeId& node, const Machine& machine) override;
  void close(const NodeId& node) override;
  bool send(const NodeId& node, const Order& order) override;
  std::vector<LinkEvent> drain() override;
  void on_event(std::function<void()> wake) override;
  Result<> place(const Machine& machine, const AgentConfig& config) override;

 private:
  NodeLinks* links_of(const NodeId& node);  // null: never opened

  const Way& way_of(const Machine& machine) const;

  const std::vector<Way> ways_;
  std::mutex mutex_;
  std::map<NodeId, NodeLinks*> opened_;  // guarded by mutex_
};

}  // namespace bdaas
