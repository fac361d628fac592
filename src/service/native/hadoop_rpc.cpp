#include "service/native/hadoop_rpc.h"

#include "base/id.h"
#include "service/native/connect_to.h"
#include "service/native/wire.h"

namespace bdaas {
namespace {

constexpr std::uint64_t kProtobufKind = 2;  // RpcKindProto
constexpr std::uint64_t kFinalPacket = 0;   // OperationProto
constexpr std::int64_t kContextCall = -3;   // the "call" that carries a connection's context
constexpr std::int64_t kNoRetry = 0;        // how often this call was tried before
constexpr std::int64_t kRetryUnknown = -1;
constexpr std::size_t kAnswerBytesMax = 4u << 20;

enum Status : std::uint64_t { kSuccess = 0, kError = 1, kFatal = 2, kNoStatus = ~0ull };

// RpcRequestHeaderProto
WireWriter request_header(std::string_view client_id, std::int64_t call, std::int64_t retry) {
  WireWriter header;
  header.number(1, kProtobufKind).number(2, kFinalPacket).signed_number(3, call);
  header.bytes(4, client_id).signed_number(5, retry);
  return header;
}

std::string framed(std::string_view body) {
  std::string frame;
  append_big_endian(frame, body.size(), 4);
  return frame.append(body);
}

// What a client says first: "hrpc", version 9, service class 0, no SASL; then who it is.
std::string greeting(std::string_view user, std::string_view protocol, std::string_view client_id) {
  WireWriter information;  // UserInformationProto
  information.bytes(1, user);
  WireWriter context;  // IpcConnectionContextProto
  context.message(2, information).bytes(3, protocol);
  return std::string("hrpc\x09\0\0", 7) +
         framed(request_header(client_id, kContextCall, kRetryUnknown).delimited() +
                context.delimited());
}

}  // namespace

Result<HadoopRpc> HadoopRpc::connect(const ClusterEndpoints& endpoints, const HostPort& place,
                                     const HadoopProtocol& protocol, const SocketOptions& options) {
  BDAAS_ASSIGN(auto socket, connect_to(endpoints, place, options));
  SystemEntropy entropy;
  HadoopRpc made(std::move(socket), protocol, random_text(entropy, 16));
  BDAAS_TRY(made.socket_.send({greeting(endpoints.user, protocol.name, made.client_id_)}));
  return made;
}

Result<std::string> HadoopRpc::call(std::string_view method, std::string_view request) {
  WireWriter header;  // RequestHeaderProto
  header.bytes(1, method).bytes(2, protocol_.name).number(3, protocol_.version);
  std::string body =
      request_header(client_id_, static_cast<std::int64_t>(++call_), kNoRetry).delimited() +
      header.delimited();
  append_varint(body, request.size());
  body += request;
  auto answer = exchange(framed(body));
  if (!answer) {
    Error error = std::move(answer).error();
    const bool silent =
        error.kind == ErrorKind::unavailable || error.kind == ErrorKind::deadline_exceeded;
    if (silent) error.kind = ErrorKind::unknown_outcome;
    return std::move(error).context(method);
  }
  return take_answer(*answer, method);
}

Result<std::string> HadoopRpc::exchange(const std::string& frame) {
  BDAAS_TRY(socket_.send({frame}));
  BDAAS_ASSIGN(const auto length, socket_.receive(4));
  std::size_t bytes = 0;
  for (const char c : length) bytes = bytes << 8 | static_cast<unsigned char>(c);
  if (bytes > kAnswerBytesMax) {
    return fail(ErrorKind::corrupted, "{} announced an answer of {} bytes; at most {} make sense",
                socket_.peer(), bytes, kAnswerBytesMax);
  }
  return socket_.receive(bytes);
}

Result<std::string> HadoopRpc::take_answer(std::string_view answer, std::string_view method) const {
  BDAAS_ASSIGN(const auto head_text, take_delimited(answer));
  BDAAS_ASSIGN(const auto head, WireMessage::read(head_text));  // RpcResponseHeaderProto
  const std::uint64_t status = head.number(2, kNoStatus);
  if (status == kFatal) return remote_exception(head.bytes(4), head.bytes(5), method);
  if (head.number(1, kNoStatus) != call_ || (status != kSuccess && status != kError)) {
    return fail(ErrorKind::corrupted, "{}: what {} said is no answer to it", method,
                socket_.peer());
  }
  if (status == kError) return remote_exception(head.bytes(4), head.bytes(5), method);
  BDAAS_ASSIGN(const auto response, take_delimited(answer));
  return std::string(response);
}

}  // namespace bdaas
