#include "service/decommission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spark/test_cluster.h"
#include "service/native/hadoop_rpc.h"
#include "service/native/scripted_rpc.h"
#include "service/scripted_hadoop.h"

namespace bdaas {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Three workers; NameNode and scheduler say of the third what the test wants.
class DecommissionTest : public ::testing::Test {
 protected:
  DecommissionTest() {
    endpoints_.spark_master = endpoints_.namenode;
    auto hosts = *endpoints_.hosts;
    hosts.addresses["c-7-worker-3"] = own_address();
    endpoints_.hosts = std::make_shared<HostMap>(std::move(hosts));
    say_blocks(0, 0);
    endpoints_.namenode_rpc = namenode_.place();
    endpoints_.resource_manager_admin = resource_manager_.place();
    say_hdfs("In Service");
    say_yarn("RUNNING", 2);
  }
  ~DecommissionTest() override {
    EXPECT_THAT(namenode_.complaints(), IsEmpty());
    EXPECT_THAT(resource_manager_.complaints(), IsEmpty());
  }

  static std::string quoted(const json::object& map) { return json::serialize(map); }
  // Parallel tests get addresses of their own.
  static std::string own_address() {
    const int pid = ::getpid();
    return fmt::format("127.{}.{}.10", 100 + pid / 250 % 100, pid % 250);
  }
  static std::string beans(const json::array& list) {
    return json::serialize(json::object{{"beans", list}});
  }
  void say_blocks(std::int64_t low, std::int64_t pending) {
    hadoop_.say("GET /jmx?qry=Hadoop:service=NameNode,name=*State", 200,
                beans({json::object{{"PendingReplicationBlocks", pending}},
                       json::object{{"LowRedundancyReplicatedBlocks", low}}}));
  }
  void answer_as_datanode(HttpTestServer::Connection& to, const HttpTestServer::Request& request) {
    const bool known =
        request.line().starts_with("GET /jmx?qry=Hadoop:service=DataNode,name=DataNodeInfo ");
    to.answer(known ? 200 : 404, beans({json::object{{"XceiverCount", transfers_.load()}}}));
  }
  void say_hdfs(const std::string& state, std::int64_t blocks = 0) {
    json::object live;
    for (const auto* key : {"c-7-worker-1:20003", "c-7-worker-2:20006"}) {
      live[key] = json::object{{"adminState", "In Service"}};
    }
    if (!state.empty()) live["c-7-worker-3:20009"] = json::object{{"adminState", state}};
    json::object leaving;
    if (state == "Decommission In Progress") {
      leaving["c-7-worker-3:20009"] = json::object{{"underReplicatedBlocks", blocks}};
    }
    const json::object bean{
        {"LiveNodes", quoted(live)}, {"DeadNodes", "{}"}, {"DecomNodes", quoted(leaving)}};
    hadoop_.say("GET /jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo", 200, beans({bean}));
  }
  void say_yarn(const std::string& state, std::int64_t containers = 0) {
    json::array nodes;
    for (const auto* host : {"c-7-worker-1", "c-7-worker-2"}) {
      nodes.push_back(json::object{{"nodeHostName", host}, {"state", "RUNNING"}});
    }
    if (!state.empty()) {
      nodes.push_back(json::object{
          {"nodeHostName", "c-7-worker-3"}, {"state", state}, {"numContainers", containers}});
    }
    hadoop_.say("GET /ws/v1/cluster/nodes", 200,
                json::serialize(json::object{{"nodes", json::object{{"node", nodes}}}}));
  }
  void let_leave(bool emptied) { cluster_.leaving = {{NodeId{"n-3"}, "c-7-worker-3", 3, emptied}}; }
  // What the daemons are told by one look, in their order.
  std::vector<std::string> told_by_a_look() {
    told_.clear();
    auto drains = decommission(client_, endpoints_, cluster_);
    EXPECT_TRUE(drains.ok()) << drains.error().message;
    drains_ = *std::move(drains);
    return told_;
  }
  std::string left() {
    told_by_a_look();
    return drains_.empty() ? "settled" : drains_.at(NodeId{"n-3"}).left;
  }

  RpcReply hear(const std::string& who, const std::string& method, const WireMessage& request) {
    told_.push_back(fmt::format("{} {} {}", who, method, request.number(1)));
    return {};
  }

  std::vector<std::string> told_;  // a call is over before the test looks
  ScriptedRpc namenode_{std::string(kClientProtocol.name),
                        [this](const std::string& method, const WireMessage& request) {
                          return hear("hdfs", method, request);
                        }};
  ScriptedRpc resource_manager_{std::string(kResourceManagerAdminProtocol.name),
                                [this](const std::string& method, const WireMessage& request) {
                                  return hear("yarn", method, request);
                                }};
  std::atomic<std::int64_t> transfers_ = 0;
  HttpTestServer datanode_{HttpTestServer::each([this](auto& to, const auto& request) {
                             answer_as_datanode(to, request);
                           }),
                           own_address().c_str(),
                           static_cast<std::uint16_t>(datanode_ports(3).http)};
  ScriptedHadoop hadoop_;
  ClusterEndpoints endpoints_ = hadoop_.endpoints();
  ClusterFacts cluster_ = test_cluster();
  HttpClient client_;
  Drains drains_;
};

TEST_F(DecommissionTest, WhenNobodyLeavesNobodyIsTold) {
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_THAT(drains_, IsEmpty());
}

TEST_F(DecommissionTest, FirstTheBlocksGoAndTheNodeManagerGoesOn) {
  let_leave(false);
  EXPECT_THAT(told_by_a_look(), ElementsAre("hdfs refreshNodes 0"));
  say_hdfs("Decommission In Progress", 12);
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_EQ(left(), "12 blocks left to copy");
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).emptied);
  say_hdfs("Decommissioned");
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_TRUE(drains_.at(NodeId{"n-3"}).emptied);
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).done);
}

// The NameNode calls a DataNode decommissioned while a file is still being written there.
// A file with a block on a decommissioned DataNode alone cannot be closed.
TEST_F(DecommissionTest, NothingBeginsUnderAWriter) {
  let_leave(false);
  transfers_ = 1;
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_EQ(left(), "1 block being written or read there");
  transfers_ = 0;
  EXPECT_THAT(told_by_a_look(), ElementsAre("hdfs refreshNodes 0"));
}

TEST_F(DecommissionTest, ABlockThatIsBeingWrittenIsWaitedForAndCopied) {
  let_leave(true);
  say_hdfs("Decommissioned");
  say_yarn("DECOMMISSIONED");
  transfers_ = 1;
  EXPECT_EQ(left(), "1 block being written or read there");
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).emptied);
  transfers_ = 0;
  say_blocks(1, 0);
  EXPECT_EQ(left(), "1 block of HDFS not copied everywhere yet");
  say_blocks(0, 2);
  EXPECT_EQ(left(), "2 blocks of HDFS not copied everywhere yet");
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).done);
  say_blocks(0, 0);
  told_by_a_look();
  EXPECT_TRUE(drains_.at(NodeId{"n-3"}).done);
}

TEST_F(DecommissionTest, ThenItsContainersEnd) {
  say_hdfs("Decommissioned");
  let_leave(true);
  EXPECT_THAT(told_by_a_look(), ElementsAre("yarn refreshNodes 2")) << "2 is GRACEFUL";
  say_yarn("RUNNING");
  EXPECT_EQ(left(), "YARN is being told");
  say_yarn("DECOMMISSIONING", 1);
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_EQ(left(), "1 container running");
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).done);
  for (const auto* gone : {"DECOMMISSIONED", "LOST", "SHUTDOWN"}) {
    say_yarn(gone);
    EXPECT_THAT(told_by_a_look(), IsEmpty());
    EXPECT_TRUE(drains_.at(NodeId{"n-3"}).done) << gone;
  }
}

TEST_F(DecommissionTest, WhatADaemonHasNotHeardOfIsNotDone) {
  let_leave(true);
  say_hdfs("");
  EXPECT_EQ(left(), "its DataNode has not come to the NameNode yet");
  say_hdfs("Decommissioned");
  say_yarn("");
  EXPECT_EQ(left(), "its scheduler has not heard of it yet");
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).done);
}

TEST_F(DecommissionTest, WhoStaysIsTakenBackByBoth) {
  say_hdfs("Decommissioned");
  say_yarn("DECOMMISSIONING", 1);
  EXPECT_THAT(told_by_a_look(), ElementsAre("hdfs refreshNodes 0", "yarn refreshNodes 2"));
  EXPECT_EQ(left(), "comes back");
  say_hdfs("In Service");
  say_yarn("RUNNING");
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_EQ(left(), "settled");
}

TEST_F(DecommissionTest, OneWhoHasLeftAndIsNoMemberIsNotAskedFor) {
  let_leave(true);
  cluster_.nodes.pop_back();
  say_hdfs("Decommissioned");
  say_yarn("DECOMMISSIONED");
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_THAT(drains_, IsEmpty());
}

TEST_F(DecommissionTest, StandaloneWaitsUntilNoExecutorIsThere) {
  cluster_.spec.scheduler = Scheduler::standalone;
  say_hdfs("Decommissioned");
  let_leave(true);
  const std::string worker = R"({"host":"c-7-worker-3","state":"ALIVE","coresused":)";
  hadoop_.say("GET /json/", 200, R"({"workers":[)" + worker + "2}]}");
  EXPECT_EQ(left(), "2 cores in use by programs");
  EXPECT_FALSE(drains_.at(NodeId{"n-3"}).done);
  hadoop_.say("GET /json/", 200, R"({"workers":[)" + worker + "0}]}");
  EXPECT_THAT(told_by_a_look(), IsEmpty());
  EXPECT_TRUE(drains_.at(NodeId{"n-3"}).done);
}

TEST_F(DecommissionTest, ASilentDaemonIsAnError) {
  hadoop_.say("GET /ws/v1/cluster/nodes", 503, "");
  EXPECT_EQ(decommission(client_, endpoints_, cluster_).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace bdaas
