#include "engine/spark/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/spark/hadoop_config.h"
#include "engine/spark/test_cluster.h"

namespace bdaas {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names_and_ports(const ClusterFacts& cluster) {
  std::vector<std::string> found;
  for (const auto& page : spark_pages(cluster)) {
    found.push_back(fmt::format("{} {}:{}", page.name, page.host, page.port));
  }
  return found;
}

TEST(SparkPages, AreThoseThatThePlanStartsOnYarn) {
  const auto cluster = test_cluster(Scheduler::yarn, 1);
  const std::string master = cluster.nodes[0].host;
  const std::string worker = cluster.nodes[1].host;
  EXPECT_THAT(
      names_and_ports(cluster),
      ElementsAre("namenode " + master + ":9870", "resourcemanager " + master + ":8088",
                  "driver " + master + ":8088", fmt::format("{0}.datanode {0}:20005", worker),
                  fmt::format("{0}.nodemanager {0}:8042", worker)));
}

// On loopback a driver would take its own node for the proxy's, and refuse the true one.
TEST(SparkPages, DriversKnowTheProxyThatMayShowTheirs) {
  const auto cluster = test_cluster(Scheduler::yarn, 1);
  for (const auto& node : cluster.nodes) {
    EXPECT_EQ(yarn_site(cluster, node).at("yarn.web-proxy.address"),
              cluster.nodes[0].host + ":8088");
  }
}

TEST(SparkPages, AreThoseThatThePlanStartsStandalone) {
  const auto cluster = test_cluster(Scheduler::standalone, 1);
  const std::string master = cluster.nodes[0].host;
  const std::string worker = cluster.nodes[1].host;
  EXPECT_THAT(
      names_and_ports(cluster),
      ElementsAre("namenode " + master + ":9870", "spark-master " + master + ":8080",
                  "driver " + master + ":4040", fmt::format("{0}.datanode {0}:20005", worker),
                  fmt::format("{0}.spark-worker {0}:8081", worker)));
}

}  // namespace
}  // namespace bdaas
