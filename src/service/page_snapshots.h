#pragma once
// The last look at pages that will be gone with their cluster, kept as files:
// <dir>/<cluster>/<page>.json. Blocking; any thread, one at a time for a cluster when it writes.

#include "base/files.h"
#include "model/pages.h"
#include "service/cluster_http.h"

namespace bdaas {

class PageSnapshots {
 public:
  explicit PageSnapshots(fs::path dir, std::size_t clusters_max = 200)
      : dir_(std::move(dir)), clusters_max_(clusters_max) {}

  // Asks the server for the parts of its overview. {application} in their paths becomes
  // `application`. A server that does not answer keeps the snapshot it has, and is an error here.
  Result<> take(HttpClient& client, const ClusterEndpoints& endpoints, const ClusterId& cluster,
                const PageServer& server, const std::string& application, Time now,
                const std::atomic<bool>* cancel = nullptr) const;

  std::vector<PageSnapshot> of(const ClusterId& cluster) const;
  Result<PageSnapshot> read(const ClusterId& cluster, const std::string& page) const;

 private:
  Result<> make_room() const;

  fs::path dir_;
  std::size_t clusters_max_;  // the oldest make room
};

}  // namespace bdaas
