#include "control/on_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ReleaseFacts release() {
  ReleaseFacts facts;
  facts.hadoop_home = "/home/ann/packages/aa";
  facts.spark_home = "/home/ann/packages/bb";
  facts.comet_jar = "/home/ann/packages/cc/comet.jar";
  facts.comet_native = "/home/ann/packages/cc/lib";
  facts.java_home = "/usr/lib/jvm/17";
  facts.hadoop_cds = "/home/ann/packages/dd/classes.jsa";
  return facts;
}

TEST(OnNodes, NamesEachPackageOnce) {
  EXPECT_THAT(packages_of(release(), "/home/ann/packages"), ElementsAre("aa", "bb", "cc"));
  EXPECT_THAT(packages_of(release(), "/home/ann/pack"), IsEmpty());
}

TEST(OnNodes, PackagesLieElsewhereThere) {
  const auto there = on_nodes(release(), "/home/ann/packages", "/var/tmp/b/packages");
  EXPECT_EQ(there.hadoop_home, "/var/tmp/b/packages/aa");
  EXPECT_EQ(there.comet_jar, "/var/tmp/b/packages/cc/comet.jar");
  EXPECT_EQ(there.comet_native, "/var/tmp/b/packages/cc/lib");
  EXPECT_EQ(there.namenode_template, "");
  EXPECT_EQ(there.java_home, "/usr/lib/jvm/17");
  EXPECT_EQ(there.hadoop_cds, "") << "of no use at another path";
}

}  // namespace
}  // namespace bdaas
