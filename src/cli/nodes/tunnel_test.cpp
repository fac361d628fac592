#include "cli/nodes/tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ClusterNode node(const std::string& name, const std::string& address) {
  return {.id = "n-" + name,
          .name = name,
          .host = "c-1-" + name,
          .address = address,
          .dir = "/data",
          .state = LeaseState::ready,
          .is_here = false,
          .login = KnownSshLogin{}};
}

class TunnelTest : public testing::Test {
 protected:
  ClusterNodes cluster_{.cluster = "c-1",
                        .provider = "ssh",
                        .engine = "spark",
                        .java_home = {},
                        .nodes = {node("master", "10.0.0.1"), node("worker-1", "10.0.0.2")}};
  std::vector<Forward> forwards_{{.node = cluster_.nodes[0],
                                  .port = 9870,
                                  .title = "HDFS NameNode",
                                  .start = "/dfshealth.html",
                                  .wanted = {},
                                  .local_port = 9870},
                                 {.node = cluster_.nodes[1],
                                  .port = 80,
                                  .title = {},
                                  .start = {},
                                  .wanted = {},
                                  .local_port = 40'001}};
};

TEST_F(TunnelTest, ThePagesOfTheMasterEachPortOnce) {
  const json::array pages{
      {{"host", "c-1-master"}, {"port", 9870}, {"title", "HDFS NameNode"}, {"start", "/x"}},
      {{"host", "c-1-master"}, {"port", 8088}, {"title", "YARN ResourceManager"}, {"start", "/"}},
      {{"host", "c-1-master"}, {"port", 8088}, {"title", "Spark driver"}, {"start", "/proxy"}},
      {{"host", "c-1-worker-1"}, {"port", 9864}, {"title", "HDFS DataNode"}, {"start", "/"}},
      {{"host", ""}, {"port", 0}, {"title", "a snapshot"}, {"start", ""}},
      {{"title", "of an older manager"}}};
  const auto forwards = page_forwards(cluster_, pages).value();
  ASSERT_EQ(forwards.size(), 2u);
  EXPECT_EQ(forwards[0].title, "HDFS NameNode");
  EXPECT_EQ(forwards[0].node.name, "master");
  EXPECT_EQ(forwards[0].start, "/x");
  EXPECT_EQ(forwards[1].title, "YARN ResourceManager");
  EXPECT_THAT(page_forwards(cluster_, {}).value(), IsEmpty());
}

TEST_F(TunnelTest, GoesThroughTheOnlyNodeElseThroughTheMaster) {
  EXPECT_EQ(gate_of(cluster_, forwards_, false).value().name, "master");
  const std::span workers(forwards_.begin() + 1, forwards_.end());
  EXPECT_EQ(gate_of(cluster_, workers, false).value().name, "worker-1");
  EXPECT_EQ(gate_of(cluster_, workers, true).value().name, "master");
  EXPECT_EQ(gate_of(cluster_, {}, true).value().name, "master");
}

TEST_F(TunnelTest, OptionsOfSsh) {
  forwards_[1].node.address = "fd00::2";
  EXPECT_THAT(tunnel_options(forwards_, 1080),
              ElementsAre("-N", "-T", "-o", "ExitOnForwardFailure=yes", "-L",
                          "127.0.0.1:9870:10.0.0.1:9870", "-L", "127.0.0.1:40001:[fd00::2]:80",
                          "-D", "127.0.0.1:1080"));
}

TEST_F(TunnelTest, WhatIsPrinted) {
  EXPECT_THAT(
      tunnel_lines(forwards_, 1080),
      ElementsAre("http://127.0.0.1:9870/dfshealth.html  HDFS NameNode (master:9870)",
                  "127.0.0.1:40001                       worker-1:80",
                  "socks5h://127.0.0.1:1080              all ports of all nodes, as the master "
                  "sees them"));
  forwards_[0].local_port = 0;
  EXPECT_EQ(write_json(tunnel_json(forwards_, {})),
            R"({"forwards":[{"node":"master","port":9870,)"
            R"("url":"http://10.0.0.1:9870/dfshealth.html","title":"HDFS NameNode"},)"
            R"({"node":"worker-1","port":80,"url":"http://127.0.0.1:40001","local_port":40001}]})");
}

TEST(LocalPorts, AreTakenOnce) {
  LocalPorts ports;
  const auto first = ports.take(0).value();
  EXPECT_EQ(ports.take(first).error().kind, ErrorKind::conflict);
  const auto other = ports.take_or_any(first).value();
  EXPECT_NE(other, first);
  EXPECT_GT(other, 0);
}

TEST(LocalPorts, AreFreeAfterwards) {
  int again = 0;
  for (int i = 0; i < 10; ++i) {  // others of this machine may be quicker, but not each time
    const auto port = LocalPorts().take(0).value();
    again += LocalPorts().take_or_any(port).value() == port ? 1 : 0;
  }
  EXPECT_GT(again, 0);
}

}  // namespace
}  // namespace bdaas::cli
