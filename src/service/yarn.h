#pragma once
// The ResourceManager over REST (YARN 3.5). Blocking; any thread.
// The state words are YARN's: NEW NEW_SAVING SUBMITTED ACCEPTED RUNNING FINISHED FAILED KILLED, and
// the final status UNDEFINED SUCCEEDED FAILED KILLED.

#include "service/cluster_http.h"

namespace bdaas {

struct YarnApplication {
  std::string id;
  std::string state;
  std::string final_status;
  std::string diagnostics;
  std::string tracking_url;
  double progress = 0;  // 0..1
};

struct YarnMetrics {
  std::int64_t active_nodes = 0;
  std::int64_t total_mib = 0;
  std::int64_t available_mib = 0;
};

class Yarn {
 public:
  Yarn(HttpClient& client, ClusterEndpoints endpoints)
      : client_(&client), endpoints_(std::move(endpoints)) {}

  Result<std::string> new_application();
  // unknown_outcome: it may or may not have been taken; find() by its tag tells.
  Result<> submit(const json::object& request);
  Result<YarnApplication> application(const std::string& id);
  // Oldest first. Tags are lower-case in YARN.
  Result<std::vector<YarnApplication>> tagged(const std::string& tag);
  Result<> kill(const std::string& id);  // idempotent; an unknown id is fine
  Result<YarnMetrics> metrics();

 private:
  Result<json::value> get(const std::string& path, std::string_view what);
  HttpRequest request(const char* method, const std::string& path) const;

  HttpClient* client_;
  ClusterEndpoints endpoints_;
};

}  // namespace bdaas
