#include "service/native/hadoop_rpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/tcp_bind.h"
#include "service/native/scripted_rpc.h"

namespace bdaas {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HadoopRpcTest : public ::testing::Test {
 protected:
  ~HadoopRpcTest() override { EXPECT_THAT(server_.complaints(), IsEmpty()); }

  Result<HadoopRpc> connect(const std::string& host = "c-7-master") {
    return HadoopRpc::connect(endpoints_, {.host = host, .port = server_.place().port},
                              kClientProtocol, options_);
  }
  // The answer to one call of a new connection.
  Result<std::string> ask(std::string_view request = "") {
    BDAAS_ASSIGN(auto rpc, connect());
    return rpc.call("refreshNodes", request);
  }
  void expect_failure(ErrorKind kind, const std::string& text) {
    const auto done = ask();
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().kind, kind) << done.error().message;
    EXPECT_THAT(done.error().message, HasSubstr(text));
  }

  void say(RpcReply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }

  std::mutex mutex_;
  RpcReply reply_;      // guarded by mutex_
  std::string method_;  // guarded by mutex_
  ClusterEndpoints endpoints_ = ScriptedRpc::endpoints();
  SocketOptions options_;
  ScriptedRpc server_{std::string(kClientProtocol.name),
                      [this](const std::string& method, const WireMessage& request) {
                        const std::lock_guard lock(mutex_);
                        method_ = method;
                        RpcReply reply = reply_;
                        reply.response += request.bytes(1);
                        return reply;
                      }};
};

TEST_F(HadoopRpcTest, CallsOneAfterTheOther) {
  auto rpc = connect();
  ASSERT_TRUE(rpc.ok()) << rpc.error().message;
  for (int i = 0; i < 300; ++i) {
    WireWriter request;
    request.bytes(1, fmt::format("{}", i) + std::string(static_cast<std::size_t>(i) * 50, 'x'));
    const auto answer = rpc->call("mkdirs", request.text());
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(*answer, WireMessage::read(request.text())->bytes(1));
  }
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(method_, "mkdirs");
  }
  EXPECT_EQ(rpc->call("refreshNodes", "").value(), "");
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HadoopRpcTest, ARemoteExceptionLeavesTheConnectionGood) {
  auto rpc = connect();
  ASSERT_TRUE(rpc.ok());
  say({.exception = "org.apache.hadoop.security.AccessControlException",
       .message = "Access denied for user ann.\n\tat org.apache.hadoop.Foo(Foo.java:7)"});
  const auto refused = rpc->call("refreshNodes", "");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
  EXPECT_EQ(refused.error().message,
            "refreshNodes: AccessControlException: Access denied for user ann");
  say({});
  EXPECT_TRUE(rpc->call("refreshNodes", "").ok());
}

TEST_F(HadoopRpcTest, KindsOfExceptions) {
  for (const auto& [name, message, kind] :
       {std::tuple("java.io.FileNotFoundException", "No such file", ErrorKind::not_found),
        std::tuple("org.apache.hadoop.hdfs.server.namenode.SafeModeException", "In safe mode",
                   ErrorKind::unavailable),
        std::tuple("org.apache.hadoop.hdfs.server.namenode.NotReplicatedYetException", "Not yet",
                   ErrorKind::throttled),
        std::tuple("org.apache.hadoop.ipc.RpcNoSuchMethodException", "Unknown method",
                   ErrorKind::internal),
        std::tuple("java.io.IOException", "File /x could only be written to 0 of the 1 nodes",
                   ErrorKind::unavailable),
        std::tuple("java.io.IOException", "Something", ErrorKind::unavailable)}) {
    say({.exception = name, .message = message});
    expect_failure(kind, message);
  }
}

TEST_F(HadoopRpcTest, AFatalAnswerEndsTheConnection) {
  auto rpc = connect();
  ASSERT_TRUE(rpc.ok());
  say({.exception = "org.apache.hadoop.ipc.RpcServerException",
       .message = "Invalid header",
       .fatal = true});
  const auto refused = rpc->call("refreshNodes", "");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("RpcServerException: Invalid header"));
  const auto after = rpc->call("refreshNodes", "");
  ASSERT_FALSE(after.ok());
  EXPECT_EQ(after.error().kind, ErrorKind::unknown_outcome);
}

// A frame around a header, as a server writes it.
std::string answer_of(const WireWriter& header, std::string_view rest = std::string_view("\0", 1)) {
  const std::string body = header.delimited().append(rest);
  std::string frame;
  append_big_endian(frame, body.size(), 4);
  return frame + body;
}

TEST_F(HadoopRpcTest, AnswersThatAreNone) {
  const WireWriter good = WireWriter().number(1, 1).number(2, 0);
  say({.instead = answer_of(good)});
  EXPECT_TRUE(ask().ok()) << "the frames of this test are right";
  const std::string corrupted[] = {
      answer_of(WireWriter().number(1, 2).number(2, 0)),  // of another call
      answer_of(WireWriter().number(1, 2).number(2, 1)),
      answer_of(WireWriter().number(1, 1)),               // without a status
      answer_of(WireWriter().number(1, 1).number(2, 7)),  // with a strange one
      answer_of(WireWriter()),
      answer_of(good, ""),  // without a response
      answer_of(good,
                "\x05"
                "abc"),  // whose response is cut off
      std::string("\0\0\0\x02\x09\x08", 6),
      std::string("\0\0\0\0", 4),
      "HTTP/1.1 404 Not Found\r\n\r\n",
      "\xFF\xFF\xFF\xFF",
  };
  for (const auto& bytes : corrupted) {
    say({.instead = bytes});
    expect_failure(ErrorKind::corrupted, "");
  }
}

TEST_F(HadoopRpcTest, AnAnswerThatIsCutOffHasNoKnownOutcome) {
  const std::string whole = answer_of(WireWriter().number(1, 1).number(2, 0));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    say({.instead = whole.substr(0, bytes)});
    expect_failure(ErrorKind::unknown_outcome, "refreshNodes: the connection to 127.0.0.1:");
  }
}

TEST_F(HadoopRpcTest, OnlyTheTableKnowsHosts) {
  const auto rpc = connect("localhost");
  ASSERT_FALSE(rpc.ok());
  EXPECT_EQ(rpc.error().kind, ErrorKind::not_found);
  EXPECT_EQ(rpc.error().message, "localhost is not a node of this cluster");
}

// A port where connections are taken, and never answered; or refused, when it does not listen.
struct SilentPort {
  explicit SilentPort(bool listening) : fd(bind_tcp("127.0.0.1", 0).value()) {
    EXPECT_TRUE(!listening || ::listen(fd.get(), 8) == 0);
    sockaddr_in name{};
    socklen_t size = sizeof name;
    ::getsockname(fd.get(), static_cast<sockaddr*>(static_cast<void*>(&name)), &size);
    place = {.host = "c-7-master", .port = ntohs(name.sin_port)};
  }
  UniqueFd fd;
  HostPort place;
};

TEST_F(HadoopRpcTest, NobodyThereMeansNothingWasDone) {
  const SilentPort port(false);
  const auto rpc = HadoopRpc::connect(endpoints_, port.place, kClientProtocol, options_);
  ASSERT_FALSE(rpc.ok());
  EXPECT_EQ(rpc.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(rpc.error().message, HasSubstr("Connection refused"));
}

TEST_F(HadoopRpcTest, SilenceEnds) {
  const SilentPort port(true);
  options_.silence_max = Millis{60};
  auto rpc = HadoopRpc::connect(endpoints_, port.place, kClientProtocol, options_);
  ASSERT_TRUE(rpc.ok());
  const auto done = rpc->call("refreshNodes", "");
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::unknown_outcome);
  EXPECT_THAT(done.error().message, HasSubstr("did not answer for 0.1 s"));
}

TEST_F(HadoopRpcTest, CanBeCancelledWhileItWaits) {
  const SilentPort port(true);
  std::atomic<bool> cancel = false;
  options_.cancel = &cancel;
  auto rpc = HadoopRpc::connect(endpoints_, port.place, kClientProtocol, options_);
  ASSERT_TRUE(rpc.ok());
  std::jthread later([&] {
    const UniqueFd connection(::accept(port.fd.get(), nullptr, nullptr));
    char byte = 0;
    EXPECT_EQ(::recv(connection.get(), &byte, 1, 0), 1);  // it has spoken
    cancel = true;
    while (::recv(connection.get(), &byte, 1, 0) > 0) continue;
  });
  const auto done = rpc->call("refreshNodes", "");
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::cancelled);
  rpc = fail(ErrorKind::cancelled, "closed");
}

}  // namespace
}  // namespace bdaas
