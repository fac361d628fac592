#include "app/cluster_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/temp_dir.h"
#include "engine/spark/test_cluster.h"
#include "service/scripted_hadoop.h"

namespace bdaas {
namespace {

class ReadyCollector final : public ResultCollector {
 public:
  Result<JobResult> collect(const CollectRequest&, const std::atomic<bool>&) override {
    return JobResult{.id = {"r-1"}};
  }
};

class KeepingCollectorTest : public ::testing::Test {
 protected:
  KeepingCollectorTest() {
    for (auto& node : request_.cluster.nodes) node.address = address_;
    EXPECT_TRUE(make_directory(logs_).ok());
    hadoop_.put("/bdaas/spark-logs/application_7_0001", "one\n");
  }

  // The ports are those of a real master.
  const std::string address_ =
      fmt::format("127.92.{}.{}", ::getpid() / 250 % 250, ::getpid() % 250 + 1);
  ScriptedHadoop hadoop_{address_.c_str()};
  TempDir dir_ = TempDir::make().value();
  const fs::path logs_ = dir_.path() / "logs";
  FakeClock clock_;
  SparkPages pages_{{logs_, dir_.path() / "pages", dir_.path() / "server"},
                    [] { return Result<ReleaseFacts>(ReleaseFacts{}); },
                    clock_,
                    Log()};
  ReadyCollector archive_;
  CollectRequest request_{.cluster = test_cluster()};
};

TEST_F(KeepingCollectorTest, TheLastOfTheEventLogsIsKeptBeforeTheResultIsWhole) {
  KeepingCollector collector(archive_, pages_);
  ASSERT_TRUE(collector.collect(request_, std::atomic<bool>{false}).ok());
  EXPECT_EQ(read_file(logs_ / "c-7-application_7_0001").value_or("absent"), "one\n");
}

TEST_F(KeepingCollectorTest, ASilentDataNodeDoesNotHoldAFinishedResultBack) {
  hadoop_.stall("/bdaas/spark-logs/application_7_0001");
  const auto begin = std::chrono::steady_clock::now();
  KeepingCollector collector(archive_, pages_, Millis{100});
  const auto result = collector.collect(request_, std::atomic<bool>{false});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->id.text, "r-1");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(KeepingCollectorTest, ACancelEndsTheLastLook) {
  hadoop_.stall("/bdaas/spark-logs/application_7_0001");
  KeepingCollector collector(archive_, pages_, std::chrono::hours(1));
  EXPECT_TRUE(collector.collect(request_, std::atomic<bool>{true}).ok());
}

}  // namespace
}  // namespace bdaas
