#include "transport/link_switch.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace bdaas {

const LinkSwitch::Way& LinkSwitch::way_of(const Machine& machine) const {
  const auto found = std::ranges::find_if(
      ways_, [&](const Way& way) { return way.takes == nullptr || way.takes(machine); });
  assert(found != ways_.end());
  return *found;
}

void LinkSwitch::open(const NodeId& node, const Machine& machine) {
  NodeLinks* links = way_of(machine).links;
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
  std::vector<LinkEvent> events;
  for (const auto& way : ways_) {
    auto more = way.links->drain();
    events.insert(events.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
  }
  return events;
}

void LinkSwitch::on_event(std::function<void()> wake) {
  for (const auto& way : ways_) way.links->on_event(wake);
}

Result<> LinkSwitch::place(const Machine& machine, const AgentConfig& config) {
  return way_of(machine).placer->place(machine, config);
}

NodeLinks* LinkSwitch::links_of(const NodeId& node) {
  const std::lock_guard lock(mutex_);
  const auto found = opened_.find(node);
  return found == opened_.end() ? nullptr : found->second;
}

}  // namespace bdaas
