#include "engine/spark/history_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(HistoryServer, ListensWhereItIsToldAndReadsTheCopies) {
  const auto plan =
      plan_history_server({.release = {.spark_home = "/pkg/spark", .java_home = "/jdk"},
                           .dir = "/srv/history",
                           .address = "127.7.9.1",
                           .host = "history",
                           .os_host = "computer",
                           .logs = "/home/ann/history"});
  ASSERT_EQ(plan.daemons.size(), 1u);
  const auto& daemon = plan.daemons[0];
  EXPECT_THAT(daemon.argv, Contains("org.apache.spark.deploy.history.HistoryServer"));
  EXPECT_EQ(daemon.argv.back(), "/srv/history/conf/history.properties");
  EXPECT_EQ(daemon.env.at("SPARK_LOCAL_IP"), "127.7.9.1");
  EXPECT_EQ(daemon.ready[0].address, "127.7.9.1");
  EXPECT_EQ(daemon.ready[0].port, 18'080);
  EXPECT_THAT(plan.files[2].content,
              HasSubstr("spark.history.fs.logDirectory=file:///home/ann/history"));
  EXPECT_THAT(plan.files[0].content, HasSubstr("127.7.9.1 history\n127.7.9.1 computer\n"));
}

}  // namespace
}  // namespace bdaas
