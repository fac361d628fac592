#pragma once
// Connections to servers of a cluster, straight or through SSH.

#include "service/cluster_http.h"
#include "service/native/stream_socket.h"

namespace bdaas {

// The host is resolved by the endpoints' table, and nothing else. Errors: not_found (it is not in
// the table), those of StreamSocket::connect() and of HostMap::dial.
Result<StreamSocket> connect_to(const ClusterEndpoints& endpoints, const HostPort& place,
                                const SocketOptions& options);

}  // namespace bdaas
