#include "engine/spark/spark_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <regex>
#include <set>

#include "engine/spark/test_cluster.h"

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string file_of(const NodePlan& plan, std::string_view ending) {
  for (const auto& file : plan.files) {
    if (file.path.ends_with(ending)) return file.content;
  }
  return "absent";
}

std::vector<std::string> names_of(const NodePlan& plan) {
  std::vector<std::string> names;
  for (const auto& daemon : plan.daemons) names.push_back(daemon.name);
  return names;
}

NodePlan plan_of(const ClusterFacts& cluster, std::size_t index) {
  auto plan = SparkEngine().plan_node(cluster, cluster.nodes.at(index));
  EXPECT_TRUE(plan.ok());
  return std::move(plan).value();
}

TEST(SparkEngine, RolesHaveTheirDaemons) {
  const auto yarn = test_cluster();
  EXPECT_THAT(names_of(plan_of(yarn, 0)), ElementsAre("namenode", "resourcemanager"));
  EXPECT_THAT(names_of(plan_of(yarn, 2)), ElementsAre("datanode", "nodemanager"));
  const auto standalone = test_cluster(Scheduler::standalone);
  EXPECT_THAT(names_of(plan_of(standalone, 0)), ElementsAre("namenode", "spark-master"));
  EXPECT_THAT(names_of(plan_of(standalone, 2)), ElementsAre("datanode", "spark-worker"));
}

// What is checked to be free before anything is rented is what the plans name.
TEST(SparkEngine, ItsPortsAreThoseOfItsPlans) {
  for (const auto scheduler : {Scheduler::yarn, Scheduler::standalone}) {
    auto cluster = test_cluster(scheduler);
    cluster.spec.workers = static_cast<std::int64_t>(cluster.nodes.size()) - 1;
    std::set<std::int64_t> named;
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
      const auto plan = plan_of(cluster, i);
      for (const auto& file : plan.files) {
        const std::regex address("c-7-[a-z0-9-]+:([0-9]+)");
        for (std::sregex_iterator at(file.content.begin(), file.content.end(), address), end;
             at != end; ++at) {
          named.insert(std::stoll((*at)[1]));
        }
      }
      for (const auto& daemon : plan.daemons) {
        for (const auto& probe : daemon.ready) named.insert(probe.port);
        for (std::size_t word = 0; word + 1 < daemon.argv.size(); ++word) {
          if (daemon.argv[word].ends_with("port")) named.insert(std::stoll(daemon.argv[word + 1]));
        }
      }
    }
    const auto ports = SparkEngine().ports(cluster.spec);
    EXPECT_EQ(std::set<std::int64_t>(ports.begin(), ports.end()), named);
  }
}

TEST(SparkEngine, SettingsThatCannotFitAreRefusedBeforeThereIsACluster) {
  ClusterSpec spec;
  EXPECT_TRUE(SparkEngine().fit(spec, {.memory_mib = 6144, .cores = 2}).ok());
  spec.settings = {{"spark.executor.memory", "99g"}};
  const auto plan = SparkEngine().fit(spec, {.memory_mib = 6144, .cores = 2});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(plan.error().message, HasSubstr("for an executor and a worker has"));
}

TEST(SparkEngine, HostsResolveEverybodyAndTheComputer) {
  EXPECT_EQ(file_of(plan_of(test_cluster(), 2), "/conf/hosts"),
            "127.0.0.1 localhost\n127.7.0.1 c-7-master\n127.7.0.2 c-7-worker-1\n"
            "127.7.0.3 c-7-worker-2\n127.7.0.4 c-7-worker-3\n127.7.0.3 computer\n");
}

// The agent keeps running what is unchanged: a worker that comes must change nobody's daemons.
TEST(SparkEngine, AWorkerThatComesChangesOnlyTheHostTable) {
  const auto three = test_cluster(Scheduler::yarn, 3);
  auto four = test_cluster(Scheduler::yarn, 4);
  four.spec.workers = three.spec.workers;
  for (std::size_t i = 0; i < three.nodes.size(); ++i) {
    NodePlan before = plan_of(three, i);
    NodePlan after = plan_of(four, i);
    EXPECT_NE(file_of(before, "/conf/hosts"), file_of(after, "/conf/hosts"));
    for (auto* plan : {&before, &after}) {
      std::erase_if(plan->files, [](const FileSpec& f) { return f.path.ends_with("/hosts"); });
    }
    EXPECT_EQ(write_json(to_json(before)), write_json(to_json(after)));
  }
}

// Nor may one that leaves. Where NameNode and ResourceManager look for it never changes.
TEST(SparkEngine, AWorkerThatLeavesChangesOnlyTheMastersLists) {
  const auto staying = test_cluster();
  auto shrinking = test_cluster();
  shrinking.leaving = {{NodeId{"n-3"}, "c-7-worker-3", 3}};
  for (std::size_t i = 1; i < staying.nodes.size(); ++i) {
    EXPECT_EQ(write_json(to_json(plan_of(staying, i))), write_json(to_json(plan_of(shrinking, i))));
  }
  NodePlan before = plan_of(staying, 0);
  NodePlan after = plan_of(shrinking, 0);
  EXPECT_THAT(file_of(before, "/hdfs-site.xml"), HasSubstr("/srv/n0/conf/hdfs.exclude"));
  EXPECT_THAT(file_of(before, "/yarn-site.xml"), HasSubstr("/srv/n0/conf/yarn.exclude"));
  EXPECT_EQ(file_of(before, "/conf/hdfs.exclude"), "");
  EXPECT_EQ(file_of(before, "/conf/yarn.exclude"), "");
  EXPECT_EQ(file_of(after, "/conf/hdfs.exclude"), "c-7-worker-3:20009\n127.0.0.1:20009\n");
  EXPECT_EQ(file_of(after, "/conf/yarn.exclude"), "") << "it still keeps blocks";
  shrinking.leaving.front().emptied = true;
  EXPECT_EQ(file_of(plan_of(shrinking, 0), "/conf/yarn.exclude"), "c-7-worker-3\n");
  for (auto* plan : {&before, &after}) {
    std::erase_if(plan->files, [](const FileSpec& f) { return f.path.ends_with(".exclude"); });
  }
  EXPECT_EQ(write_json(to_json(before)), write_json(to_json(after)));
}

TEST(SparkEngine, AWorkerNeedsOnlyTheMaster) {
  auto cluster = test_cluster();
  const NodeFacts worker = cluster.nodes[2];
  cluster.nodes = {cluster.nodes[0], worker};
  EXPECT_TRUE(SparkEngine().plan_node(cluster, worker).ok());
  cluster.nodes = {worker};
  const auto plan = SparkEngine().plan_node(cluster, worker);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::failed_precondition);
}

// Each "host:port" in the files, with the host it is on.
void collect_server_ports(const NodePlan& plan, const std::string& host,
                          std::multiset<std::string>& ports) {
  for (const auto& file : plan.files) {
    for (auto at = file.content.find("<value>" + host + ":"); at != std::string::npos;
         at = file.content.find("<value>" + host + ":", at + 1)) {
      const auto end = file.content.find('<', at + 1);
      ports.insert(file.content.substr(at + 7, end - at - 7));
    }
  }
}

TEST(SparkEngine, EveryServerHasAnAddressOfItsOwnAndNoneIsOpen) {
  const auto cluster = test_cluster();
  std::multiset<std::string> ports;
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    const auto plan = plan_of(cluster, i);
    if (i > 0) collect_server_ports(plan, cluster.nodes[i].host, ports);
    for (const auto& file : plan.files) EXPECT_THAT(file.content, Not(HasSubstr("0.0.0.0")));
  }
  EXPECT_EQ(ports.size(), 3u * 6u);
  EXPECT_EQ(std::set<std::string>(ports.begin(), ports.end()).size(), ports.size());
}

// The NameNode sees all DataNodes of one machine at one address.
TEST(SparkEngine, DataNodesDifferByPortToo) {
  std::set<std::int64_t> seen;
  const auto cluster = test_cluster(Scheduler::yarn, 200);
  for (std::size_t i = 1; i < cluster.nodes.size(); ++i) {
    const auto plan = plan_of(cluster, i);
    EXPECT_TRUE(seen.insert(plan.daemons[0].ready[0].port).second);
  }
}

TEST(SparkEngine, TheNameNodeIsFormattedOnceAsThisCluster) {
  const auto daemon = plan_of(test_cluster(), 0).daemons[0];
  ASSERT_TRUE(daemon.init_once.has_value());
  EXPECT_THAT(daemon.init_once->argv, Contains("-format"));
  EXPECT_EQ(daemon.init_once->argv.back(), "c-7");
  EXPECT_FALSE(plan_of(test_cluster(), 1).daemons[0].init_once.has_value());
}

TEST(SparkEngine, TemplatesTakeThePlaceOfAFormat) {
  auto cluster = test_cluster();
  cluster.release.namenode_template = "/pkg/nn";
  cluster.release.rm_template = "/pkg/rm";
  cluster.release.versions["hadoop"] = "3.5.0";
  const auto plan = plan_of(cluster, 0);
  EXPECT_THAT(plan.daemons[0].init_once->argv,
              ElementsAre("/bin/cp", "-R", "/pkg/nn/.", "/srv/n0/hdfs/name/current"));
  EXPECT_THAT(plan.daemons[1].init_once->argv,
              ElementsAre("/bin/cp", "-R", "/pkg/rm/.", "/srv/n0/yarn/state"));
  EXPECT_EQ(file_of(plan, "/VERSION"),
            "blockpoolID=BP-1211148334-127.7.0.1-1\ncTime=1\nclusterID=c-7\n"
            "layoutVersion=-67\nnamespaceID=1211148334\nstorageType=NAME_NODE\n");
  cluster.release.versions["hadoop"] = "9.9.9";  // its images are unknown: format them
  EXPECT_THAT(plan_of(cluster, 0).daemons[0].init_once->argv, Contains("-format"));
}

TEST(SparkEngine, ClassArchivesAreUsedWhenTheReleaseHasThem) {
  auto cluster = test_cluster();
  EXPECT_THAT(plan_of(cluster, 0).daemons[0].argv, Not(Contains(HasSubstr("SharedArchiveFile"))));
  cluster.release.hadoop_cds = "/pkg/hadoop.jsa";
  EXPECT_THAT(plan_of(cluster, 0).daemons[0].argv,
              Contains("-XX:SharedArchiveFile=/pkg/hadoop.jsa"));
}

TEST(SparkEngine, EverythingLiesInTheNodesDirectory) {
  for (const auto scheduler : {Scheduler::yarn, Scheduler::standalone}) {
    const auto cluster = test_cluster(scheduler);
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
      const auto plan = plan_of(cluster, i);
      const std::string below = cluster.nodes[i].dir + "/";
      for (const auto& path : plan.directories) EXPECT_TRUE(path.starts_with(below)) << path;
      for (const auto& file : plan.files) EXPECT_TRUE(file.path.starts_with(below)) << file.path;
      for (const auto& daemon : plan.daemons) {
        EXPECT_TRUE(daemon.log.starts_with(below));
        EXPECT_FALSE(daemon.ready.empty());
        EXPECT_EQ(daemon.ready[0].address, cluster.nodes[i].address);
      }
    }
  }
}

// "name = value" lines of a *-site.xml.
std::string settings_of(std::string xml) {
  xml.erase(0, xml.find("  <property>"));
  xml.erase(xml.find("</configuration>"));
  for (const auto& [mark, text] : {std::pair{"  <property><name>", ""},
                                   {"</name><value>", " = "},
                                   {"</value></property>", ""}}) {
    for (auto at = xml.find(mark); at != xml.npos; at = xml.find(mark)) {
      xml.replace(at, std::strlen(mark), text);
    }
  }
  return xml;
}

// The whole of one file, so that every change of a setting is seen.
TEST(SparkEngine, GoldenHdfsSiteOfAWorker) {
  EXPECT_EQ(settings_of(file_of(plan_of(test_cluster(), 1), "/conf/hdfs-site.xml")),
            R"(dfs.blockreport.initialDelay = 0
dfs.client.block.write.locateFollowingBlock.initial.delay.ms = 5
dfs.client.block.write.locateFollowingBlock.retries = 12
dfs.client.block.write.replace-datanode-on-failure.best-effort = true
dfs.client.retry.policy.enabled = true
dfs.client.use.datanode.hostname = true
dfs.datanode.address = c-7-worker-1:20003
dfs.datanode.data.dir = file:///srv/n1/hdfs/data
dfs.datanode.du.reserved = 67108864
dfs.datanode.hostname = c-7-worker-1
dfs.datanode.http.address = c-7-worker-1:20005
dfs.datanode.ipc.address = c-7-worker-1:20004
dfs.datanode.max.transfer.threads = 4096
dfs.datanode.round-robin-volume-choosing-policy.additional-available-space = 0
dfs.datanode.use.datanode.hostname = true
dfs.heartbeat.interval = 1
dfs.namenode.datanode.registration.ip-hostname-check = false
dfs.namenode.http-address = c-7-master:9870
dfs.namenode.rpc-address = c-7-master:8020
dfs.replication = 1
dfs.webhdfs.enabled = true
)");
}

}  // namespace
}  // namespace bdaas
