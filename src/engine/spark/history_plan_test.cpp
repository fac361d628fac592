#include "engine/spark/history_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(HistoryServerPlan, ListensOnLoopbackAndReadsTheCopies) {
  const auto plan =
      plan_history_server({.release = {.spark_home = "/pkg/spark", .java_home = "/jdk"},
                           .dir = "/srv/history",
                           .os_host = "computer",
                           .port = 4711,
                           .logs = "/home/ann/history",
                           .place = "/v1/pages"});
  ASSERT_EQ(plan.daemons.size(), 1u);
  const auto& daemon = plan.daemons[0];
  EXPECT_THAT(daemon.argv, Contains("org.apache.spark.deploy.history.HistoryServer"));
  EXPECT_EQ(daemon.argv.back(), "/srv/history/conf/history.properties");
  EXPECT_EQ(daemon.env.at("SPARK_LOCAL_IP"), "127.0.0.1");
  EXPECT_EQ(daemon.ready[0].port, 4711);
  EXPECT_THAT(plan.files[0].content, HasSubstr("127.0.0.1 computer\n"));
  EXPECT_THAT(plan.files[2].content,
              HasSubstr("spark.history.fs.logDirectory=file:///home/ann/history"));
  EXPECT_THAT(plan.files[2].content, HasSubstr("spark.ui.proxyBase=/v1/pages\n"));
}

}  // namespace
}  // namespace bdaas
