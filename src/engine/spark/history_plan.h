#pragma once
// Spark's History Server of a manager, in the shape of any other daemon: it shows the event logs
// that were copied out of clusters, those of ended clusters too. Pure.

#include "model/engine.h"

namespace bdaas {

struct HistoryServerFacts {
  ReleaseFacts release;
  std::string dir;        // its own, absolute
  std::string os_host;    // what gethostname says: the JVM must find it in its host table
  std::int64_t port = 0;  // of 127.0.0.1
  std::string logs;       // directory of the copied logs, absolute; those below it are not seen
  std::string place;      // path before every link of its pages: "/v1/pages"
};

// One daemon; its directories and files are all it needs.
NodePlan plan_history_server(const HistoryServerFacts& facts);

}  // namespace bdaas
