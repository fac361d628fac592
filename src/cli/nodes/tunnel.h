#pragma once
// Ports of nodes that are to be reached from this computer. Pure, but for LocalPorts.

#include <span>

#include "base/json.h"
#include "base/unique_fd.h"
#include "cli/nodes/node.h"
#include "cli/nodes/openssh.h"

namespace bdaas::cli {

struct Forward {
  ClusterNode node;
  std::int64_t port = 0;
  std::string title;                   // of a page: "HDFS NameNode"
  std::string start;                   // its path there
  std::optional<std::int64_t> wanted;  // local port; 0: any
  std::int64_t local_port = 0;         // 0: not forwarded
};

// The pages of the master, one for each port; pages: the items of GET …/pages.
Result<std::vector<Forward>> page_forwards(const ClusterNodes& cluster, const json::array& pages);

// The node that ssh shall log in to: the only one that is named, else the master, which reaches
// the others.
Result<ClusterNode> gate_of(const ClusterNodes& cluster, std::span<const Forward> forwards,
                            bool socks);

// Without the options of the login.
Words tunnel_options(std::span<const Forward> forwards, std::optional<std::int64_t> socks);

// For people, in lines, and for programs. A forward without a local port stands at its node's
// address.
Words tunnel_lines(std::span<const Forward> forwards, std::optional<std::int64_t> socks);
json::object tunnel_json(std::span<const Forward> forwards, std::optional<std::int64_t> socks);

// Free TCP ports of 127.0.0.1, kept until it ends.
class LocalPorts {
 public:
  // conflict: somebody has it. wanted 0: any.
  Result<std::int64_t> take(std::int64_t wanted);
  // That one where it is free, else any.
  Result<std::int64_t> take_or_any(std::int64_t preferred);

 private:
  std::vector<UniqueFd> held_;
};

}  // namespace bdaas::cli
