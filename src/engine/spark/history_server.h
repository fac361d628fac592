#pragma once
// Spark's History Server as a plan for an agent on the manager's own machine: it shows the event
// logs that were copied out of clusters (service/event_logs.h), those of ended clusters too.

#include "model/engine.h"

namespace bdaas {

struct HistoryServerFacts {
  ReleaseFacts release;
  std::string dir;      // of the node, absolute
  std::string address;  // numeric, where it listens
  std::string host;     // its symbolic name
  std::string os_host;  // see NodeFacts
  std::int64_t port = 18'080;
  std::string
      logs;  // directory of the copied event logs, absolute; it is not looked into recursively
};

NodePlan plan_history_server(const HistoryServerFacts& facts);

}  // namespace bdaas
