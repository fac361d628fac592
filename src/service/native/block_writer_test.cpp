#include "service/native/block_writer.h"

#include <gtest/gtest.h>

#include "net/http_test_server.h"
#include "service/native/wire.h"

namespace bdaas {
namespace {

// As on computers of their own: every DataNode has the same port.
TEST(BlockWriter, ALinkThatFailedIsKnownByItsAddress) {
  HttpTestServer server([](HttpTestServer::Connection& connection) {
    std::string head;
    if (!connection.read_exactly(4, head)) return;
    WireWriter answer;  // BlockOpResponseProto
    answer.number(1, 1).bytes(2, "10.0.0.2:9866").bytes(5, "no route");
    connection.say(answer.delimited());
    connection.wait_for_close();
  });
  PlacedBlock block{.block = {.pool = "BP-7", .id = 7, .generation = 1, .bytes = 1}};
  for (const char* link : {"10.0.0.1:9866", "10.0.0.2:9866", "10.0.0.3:9866"}) {
    block.nodes.push_back({.place = {.host = "c-7-worker-1", .port = server.port()}, .link = link});
  }
  ClusterEndpoints endpoints;
  endpoints.hosts =
      std::make_shared<HostMap>(HostMap{.addresses = {{"c-7-worker-1", "127.0.0.1"}}, .dial = {}});
  const BlockSource source = [](std::uint64_t, std::span<char>) { return Result<>{}; };
  const auto failure = write_block(endpoints, block, "bdaas_1", 0, source, {});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->node, 1u) << failure->error.message;
}

}  // namespace
}  // namespace bdaas
