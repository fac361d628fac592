#pragma once
// For tests: a server of Hadoop's RPC that is stricter than Hadoop's. It checks each byte of the
// greeting and of the headers; what it does not like stands in complaints(). It answers as told.

#include <functional>
#include <mutex>
#include <optional>

#include "net/http_test_server.h"
#include "service/cluster_http.h"
#include "service/native/wire.h"

namespace bdaas {

struct RpcReply {
  std::string response;                // encoded
  std::string exception;               // a Java class; instead of the response
  std::string message;                 // of the exception
  bool fatal = false;                  // the connection ends after it
  std::optional<std::string> instead;  // exactly these bytes, then the connection ends
};

class ScriptedRpc {
 public:
  using Handler = std::function<RpcReply(const std::string& method, const WireMessage& request)>;

  // At a free port unless told otherwise. `handler` is called on the connections' threads, one call
  // at a time.
  ScriptedRpc(std::string protocol, Handler handler, const char* address = "127.0.0.1",
              std::uint16_t port = 0)
      : protocol_(std::move(protocol)),
        handler_(std::move(handler)),
        server_([this](Connection& connection) { serve(connection); }, address, port) {}

  HostPort place() const { return {.host = "c-7-master", .port = server_.port()}; }
  int connections() const { return server_.connections(); }
  std::vector<std::string> complaints() {
    const std::lock_guard lock(mutex_);
    return complaints_;
  }

  // Of the user "ann"; all names are this computer.
  static ClusterEndpoints endpoints() {
    ClusterEndpoints endpoints;
    endpoints.user = "ann";
    endpoints.hosts =
        std::make_shared<HostMap>(HostMap{.addresses = {{"c-7-master", "127.0.0.1"},
                                                        {"c-7-worker-1", "127.0.0.1"},
                                                        {"c-7-worker-2", "127.0.0.1"}},
                                          .dial = {}});
    return endpoints;
  }

 private:
  using Connection = HttpTestServer::Connection;

  void serve(Connection& connection) {
    std::string hello;
    if (!connection.read_exactly(7, hello)) return;
    expect(hello == std::string("hrpc\x09\0\0", 7), "greeting");
    std::string client;
    std::string frame;
    if (!read_frame(connection, frame) || !take_context(frame, client)) return;
    for (std::uint64_t call = 0; read_frame(connection, frame);) {
      if (!answer(connection, frame, client, call)) return;
    }
  }

  static bool read_frame(Connection& connection, std::string& frame) {
    std::string length;
    if (!connection.read_exactly(4, length)) return false;
    std::size_t bytes = 0;
    for (const char c : length) bytes = bytes << 8 | static_cast<unsigned char>(c);
    frame.clear();
    return connection.read_exactly(bytes, frame);
  }

  bool take_context(std::string_view frame, std::string& client) {
    const auto header = next_message(frame);
    const auto context = next_message(frame);
    if (!header || !context) return false;
    client = header->bytes(4);
    expect(header->number(1) == 2 && header->number(2, 9) == 0, "kind and operation");
    expect(header->signed_number(3) == -3 && header->signed_number(5) == -1, "call of the context");
    expect(client.size() == 16, "length of the client's id");
    expect(context->bytes(3) == protocol_, "protocol of the context");
    expect(WireMessage::read(context->bytes(2)).value().bytes(1) == "ann", "user");
    return expect(frame.empty(), "nothing behind the context");
  }

  // False: the connection ends.
  bool answer(Connection& connection, std::string_view frame, const std::string& client,
              std::uint64_t& last_call) {
    const auto header = next_message(frame);
    const auto what = next_message(frame);
    const auto request = next_message(frame);
    if (!header || !what || !request || !expect(frame.empty(), "nothing behind it")) return false;
    const auto call = header->signed_number(3);
    expect(header->number(1) == 2 && header->number(2, 9) == 0, "kind and operation");
    expect(header->bytes(4) == client, "the same client");
    expect(call >= 0 && static_cast<std::uint64_t>(call) > last_call, "numbers that grow");
    last_call = static_cast<std::uint64_t>(call);
    expect(what->bytes(2) == protocol_ && what->number(3) == 1, "protocol and version");
    RpcReply reply;
    {
      const std::lock_guard lock(handler_mutex_);
      reply = handler_(std::string(what->bytes(1)), *request);
    }
    if (reply.instead) {
      connection.say(*reply.instead);
      return false;
    }
    const bool thrown = !reply.exception.empty();
    WireWriter head;
    head.number(1, last_call).number(2, thrown ? (reply.fatal ? 2 : 1) : 0).number(3, 9);
    if (thrown) head.bytes(4, reply.exception).bytes(5, reply.message).number(6, 1);
    head.bytes(7, client).signed_number(8, 0);
    std::string body = head.delimited();
    if (!thrown) {
      append_varint(body, reply.response.size());
      body += reply.response;
    }
    std::string all;
    append_big_endian(all, body.size(), 4);
    connection.say(all + body);
    return !reply.fatal;
  }

  std::optional<WireMessage> next_message(std::string_view& frame) {
    const auto text = take_delimited(frame);
    if (!expect(text.ok(), "a message behind its length")) return std::nullopt;
    auto message = WireMessage::read(*text);
    if (!expect(message.ok(), "a message")) return std::nullopt;
    return *std::move(message);
  }

  bool expect(bool holds, const char* what) {
    const std::lock_guard lock(mutex_);
    if (!holds) complaints_.push_back(std::string("expected: ") + what);
    return holds;
  }

  const std::string protocol_;
  const Handler handler_;
  std::mutex handler_mutex_;
  std::mutex mutex_;
  std::vector<std::string> complaints_;  // guarded by mutex_
  HttpTestServer server_;                // last: it ends first
};

}  // namespace bdaas
