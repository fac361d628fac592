#include "engine/spark/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/spark/known_settings.h"

namespace bdaas {
namespace {

using ::testing::HasSubstr;

TEST(SparkSettings, KnownNamesPass) {
  EXPECT_TRUE(check_spark_settings({}).ok());
  EXPECT_TRUE(
      check_spark_settings({{"spark.sql.shuffle.partitions", "8"},
                            {"spark.executor.memory", "512m"},
                            {"spark.comet.exec.sortMergeJoinWithJoinFilter.enabled", "true"},
                            {"spark.default.parallelism", "4"},
                            {"spark.locality.wait", "1s"}})
          .ok());
}

TEST(SparkSettings, OpenFamiliesPass) {
  EXPECT_TRUE(check_spark_settings({{"spark.hadoop.fs.s3a.endpoint", "x"},
                                    {"spark.executorEnv.TOKEN", "y"},
                                    {"spark.sql.catalog.mine", "z"}})
                  .ok());
}

TEST(SparkSettings, UnknownNamesAreRefusedWithTheNearest) {
  const auto done = check_spark_settings({{"spark.sql.shufle.partitions", "8"}});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(done.error().message,
            "settings: Spark does not know spark.sql.shufle.partitions; did you mean "
            "'spark.sql.shuffle.partitions'?");
  EXPECT_FALSE(check_spark_settings({{"spark.hadoop.", "x"}}).ok());
  EXPECT_FALSE(check_spark_settings({{"mapreduce.job.name", "x"}}).ok());
  EXPECT_FALSE(check_spark_settings({{"", "x"}}).ok());
}

TEST(SparkSettings, AmountsOfMemoryAreReadBeforeAnythingStarts) {
  const auto done = check_spark_settings({{"spark.executor.memory", "lots"}});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message,
            "settings: spark.executor.memory: 'lots' is no amount of memory; write it like 512m or "
            "2g");
}

TEST(SparkSettings, WhatTheClusterDecidesIsRefusedWithTheReason) {
  for (const char* name :
       {"spark.master", "spark.yarn.jars", "spark.driver.port", "spark.submit.deployMode",
        "spark.executor.instances", "spark.eventLog.dir", "spark.jars.packages", "spark.plugins",
        "spark.hadoop.fs.defaultFS", "spark.ui.port", "spark.driver.extraClassPath"}) {
    const auto done = check_spark_settings({{name, "x"}});
    ASSERT_FALSE(done.ok()) << name;
    EXPECT_THAT(done.error().message, HasSubstr(std::string(name) + " cannot be set: "));
  }
}

TEST(SparkSettings, TableHasEachNameOnce) {
  const auto names = known_spark_settings();
  EXPECT_GT(names.size(), 900u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const auto& name : names) EXPECT_TRUE(name.starts_with("spark.")) << name;
}

}  // namespace
}  // namespace bdaas
