#pragma once
// A connection of Hadoop's RPC (version 9, simple authentication; RpcHeader.proto,
// IpcConnectionContext.proto and ProtobufRpcEngine2.proto of Hadoop 3). One call at a time; one
// owner, one thread at a time; blocking. Messages go in and out as encoded: see wire.h.

#include "service/cluster_http.h"
#include "service/native/stream_socket.h"

namespace bdaas {

struct HadoopProtocol {
  std::string_view name;
  std::uint64_t version = 1;
};

inline constexpr HadoopProtocol kClientProtocol{"org.apache.hadoop.hdfs.protocol.ClientProtocol"};
inline constexpr HadoopProtocol kResourceManagerAdminProtocol{
    "org.apache.hadoop.yarn.server.api.ResourceManagerAdministrationProtocolPB"};

class HadoopRpc {
 public:
  // The place is resolved by the endpoints' table, and nothing else. Errors: not_found (no such
  // host in the table); unavailable, deadline_exceeded, cancelled.
  static Result<HadoopRpc> connect(const ClusterEndpoints& endpoints, const HostPort& place,
                                   const HadoopProtocol& protocol, const SocketOptions& options);

  // The encoded answer. Errors: the remote exception, see remote_exception(), after which the
  // connection stays good unless it closes; unknown_outcome (sent, and no answer came), cancelled,
  // corrupted (no answer of this protocol), after which it is of no more use.
  Result<std::string> call(std::string_view method, std::string_view request);

  // Waits that long between two calls. unavailable: the connection broke; cancelled
  Result<> stay_idle(Millis span) const { return socket_.stay_idle(span); }

  const std::string& client_id() const { return client_id_; }  // 16 characters, of this connection

 private:
  HadoopRpc(StreamSocket socket, const HadoopProtocol& protocol, std::string client_id)
      : socket_(std::move(socket)), protocol_(protocol), client_id_(std::move(client_id)) {}
  Result<std::string> exchange(const std::string& frame);
  Result<std::string> take_answer(std::string_view answer, std::string_view method) const;

  StreamSocket socket_;
  HadoopProtocol protocol_;
  std::string client_id_;
  std::uint64_t call_ = 0;  // the number of the last one
};

}  // namespace bdaas
