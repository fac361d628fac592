#include "transport/link_switch.h"

#include <iterator>

namespace bdaas {

void LinkSwitch::open(const NodeId& node, const Machine& machine) {
  NodeLinks* links = takes_second_(machine) ? second_.links : first_.links;
  {
    const std::lock_guard lock(mutex_);
    opened_[node] = links;
  }
  links->open(node, machine);
}

void LinkSwitch::close(const NodeId& node) {
  NodeLinks* links = links_of(node);
  if (links == nullptr) return;
  links->close(node);
  const std::lock_guard lock(mutex_);
  opened_.erase(node);
}

bool LinkSwitch::send(const NodeId& node, const Order& order) {
  NodeLinks* links = links_of(node);
  return links != nullptr && links->send(node, order);
}

std::vector<LinkEvent> LinkSwitch::drain() {
  auto events = first_.links->drain();
  auto more = second_.links->drain();
  events.insert(events.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  return events;
}

void LinkSwitch::on_event(std::function<void()> wake) {
  first_.links->on_event(wake);
  second_.links->on_event(std::move(wake));
}

Result<> LinkSwitch::place(const Machine& machine, const AgentConfig& config) {
  return (takes_second_(machine) ? second_ : first_).placer->place(machine, config);
}

NodeLinks* LinkSwitch::links_of(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  const auto found = opened_.find(node);
  return found == opened_.end() ? nullptr : found->second;
}

}  // namespace bdaas
