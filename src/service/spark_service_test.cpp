#include "service/spark_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/files.h"
#include "engine/spark/test_cluster.h"
#include "service/event_logs.h"
#include "service/native/scripted_hdfs.h"
#include "service/scripted_hadoop.h"

namespace bdaas {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kNoApps = R"({"apps":{}})";

std::string app(const std::string& state, const std::string& final_status,
                const std::string& diagnostics = "", int number = 1) {
  return fmt::format(R"({{"id":"application_7_000{}","state":"{}","finalStatus":"{}",)"
                     R"("progress":10.0,"trackingUrl":"http://c-7-master:8088/proxy/x/",)"
                     R"("diagnostics":"{}"}})",
                     number, state, final_status, diagnostics);
}

std::string apps(const std::string& list) { return R"({"apps":{"app":[)" + list + "]}}"; }

class SparkServiceTest : public ::testing::Test {
 protected:
  SparkServiceTest() {
    char name[] = "/tmp/bdaas-service-XXXXXX";
    dir_ = ::mkdtemp(name);
    cluster_.nodes[0].address = address_;
    cluster_.nodes[1].address = address_;  // the one DataNode that is scripted
    program_.step = StepId{"s-1"};
    program_.name = "wc";
    program_.file_name = "wc.py";
    program_.local_path = dir_ / "wc.py";
    EXPECT_TRUE(write_file(program_.local_path, "print(1)").ok());
    hadoop_.say("POST /ws/v1/cluster/apps/new-application", 200,
                R"({"application-id":"application_7_0001"})");
    hadoop_.say("POST /ws/v1/cluster/apps?", 202, "");
    say_apps(kNoApps);
    namenode_.set([this](auto& it) {
      it.on_close = [this](const std::string& path, const std::string& content) {
        hadoop_.put(path, content);
      };
    });
  }
  ~SparkServiceTest() override {
    EXPECT_THAT(namenode_.complaints(), ElementsAre());
    fs::remove_all(dir_);
  }

  // Parallel tests get addresses of their own.
  static std::string own_address() {
    const int pid = ::getpid();
    return fmt::format("127.{}.{}.9", 100 + pid / 250 % 100, pid % 250);
  }
  void say_apps(const std::string& answer) {
    hadoop_.say("GET /ws/v1/cluster/apps?applicationTags=s-1", 200, answer);
  }
  Result<RunObservation> submit() {
    return service_.submit(cluster_, test_memory(cluster_), program_);
  }

  const std::string address_ = own_address();
  fs::path dir_;
  ScriptedHadoop hadoop_{address_.c_str()};
  ScriptedHdfs namenode_{1, address_.c_str(),
                         static_cast<std::uint16_t>(MasterPorts{}.namenode_rpc)};
  ClusterFacts cluster_ = test_cluster();
  ProgramFacts program_;
  SparkService service_;
};

TEST_F(SparkServiceTest, SubmitStagesAndHandsOver) {
  const auto seen = submit();
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(seen->state, RunState::accepted);
  EXPECT_EQ(seen->handle, "application_7_0001");
  const auto files = hadoop_.files();
  EXPECT_EQ(files.at("/bdaas/staging/s-1/wc.py"), "print(1)");
  EXPECT_THAT(files.at("/bdaas/staging/s-1/driver.json"), HasSubstr("application_7_0001"));
  EXPECT_THAT(hadoop_.last_body(), HasSubstr(R"("application-tags":{"tag":["s-1"]})"));
  EXPECT_THAT(hadoop_.last_body(), HasSubstr(R"("size":8,"timestamp":77)"));
}

// An order that is repeated after its answer was lost must not run the program twice.
TEST_F(SparkServiceTest, SubmittingAgainFindsTheFirst) {
  say_apps(apps(app("ACCEPTED", "UNDEFINED")));
  const auto seen = submit();
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(seen->handle, "application_7_0001");
  EXPECT_THAT(hadoop_.lines(), Not(Contains(StartsWith("POST"))));
}

// A POST whose answer never came may be carried out at any time after find() said "not there". Both
// name one application, of which YARN takes one; and the files of the first stay as they were.
TEST_F(SparkServiceTest, WhatMayStillReachYarnIsHandedOverUnderTheSameId) {
  hadoop_.lose("POST /ws/v1/cluster/apps?");
  const auto lost = submit();
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().kind, ErrorKind::unknown_outcome) << lost.error().message;
  const std::string first = hadoop_.last_body();
  hadoop_.say("POST /ws/v1/cluster/apps/new-application", 200,
              R"({"application-id":"application_7_0002"})");
  hadoop_.say("POST /ws/v1/cluster/apps?", 202, "");
  const int written = namenode_.calls("create");
  const auto seen = submit();
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(seen->handle, "application_7_0001");
  EXPECT_EQ(hadoop_.last_body(), first);
  EXPECT_EQ(namenode_.calls("create"), written);
}

TEST_F(SparkServiceTest, AnUnreadableSpecIsStagedAgain) {
  hadoop_.put("/bdaas/staging/s-1/driver.json", "{\"step\":");
  const auto seen = submit();
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(seen->handle, "application_7_0001");
}

TEST_F(SparkServiceTest, RefusalsOfYarnAreTold) {
  hadoop_.say("POST /ws/v1/cluster/apps?", 400,
              R"({"RemoteException":{"exception":"BadRequestException","message":)"
              R"("Requested resource exceeds the maximum.\nmore"}})");
  const auto refused = submit();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(refused.error().message,
            "cannot submit to YARN: Requested resource exceeds the maximum");
}

TEST_F(SparkServiceTest, NothingIsHandedOverWhenTheProgramCannotBeStaged) {
  program_.local_path = dir_ / "nosuch.py";
  EXPECT_EQ(submit().error().kind, ErrorKind::not_found);
  EXPECT_THAT(hadoop_.lines(), Not(Contains(StartsWith("POST"))));
}

TEST_F(SparkServiceTest, FindUnderstandsYarnsWords) {
  const auto state_of = [this](const std::string& list) {
    say_apps(list);
    return service_.find(cluster_, program_.step)->state;
  };
  EXPECT_EQ(state_of(kNoApps), RunState::not_found);
  for (const char* early : {"NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "FINAL_SAVING"}) {
    EXPECT_EQ(state_of(apps(app(early, "UNDEFINED"))), RunState::accepted) << early;
  }
  EXPECT_EQ(state_of(apps(app("RUNNING", "UNDEFINED"))), RunState::running);
  EXPECT_EQ(state_of(apps(app("FINISHED", "SUCCEEDED"))), RunState::succeeded);
  EXPECT_EQ(state_of(apps(app("FINISHED", "FAILED"))), RunState::failed);
  EXPECT_EQ(state_of(apps(app("FINISHED", "KILLED"))), RunState::cancelled);
  EXPECT_EQ(state_of(apps(app("FAILED", "FAILED"))), RunState::failed);
  EXPECT_EQ(state_of(apps(app("KILLED", "KILLED"))), RunState::cancelled);
}

TEST_F(SparkServiceTest, FindTellsWhyItFailed) {
  say_apps(apps(app("FINISHED", "FAILED", "User application exited with status 7")));
  EXPECT_EQ(service_.find(cluster_, program_.step)->diagnostics,
            "the program ended with exit code 7");
}

TEST_F(SparkServiceTest, ProgressIsSparksOwn) {
  say_apps(apps(app("RUNNING", "UNDEFINED")));
  EXPECT_EQ(service_.find(cluster_, program_.step)->progress, 0);  // the driver is not up
  hadoop_.say("GET /proxy/application_7_0001/api/v1/applications/application_7_0001/stages", 200,
              R"([{"status":"ACTIVE","stageId":1,"name":"collect","numTasks":6,)"
              R"("numCompleteTasks":1,"numFailedTasks":1},)"
              R"({"status":"SKIPPED","stageId":2,"numTasks":100,"numCompleteTasks":0},)"
              R"({"status":"COMPLETE","stageId":0,"numTasks":2,"numCompleteTasks":2}])");
  EXPECT_DOUBLE_EQ(service_.find(cluster_, program_.step)->progress, 3.0 / 8.0);
  Step step;
  step.handle = "application_7_0001";
  const auto stages = service_.stages(cluster_, step);
  ASSERT_TRUE(stages.ok());
  ASSERT_EQ(stages->size(), 3u);
  EXPECT_EQ(stages->front().name, "collect");
  EXPECT_EQ(stages->front().failed, 1);
}

TEST_F(SparkServiceTest, StagesOfAStandaloneDriver) {
  cluster_.spec.scheduler = Scheduler::standalone;
  const std::string applications = "GET /api/v1/applications";
  const auto stages_of = [this] { return service_.stages(cluster_, Step{}); };
  EXPECT_EQ(stages_of().error().kind, ErrorKind::not_found);  // something else listens there
  hadoop_.say(applications + " HTTP", 200, "[]");
  EXPECT_EQ(stages_of().error().kind, ErrorKind::not_found);
  hadoop_.say(applications + " HTTP", 200, R"([{"id":"../cluster"}])");
  EXPECT_EQ(stages_of().error().kind, ErrorKind::not_found);
  hadoop_.say(applications + " HTTP", 200, R"([{"id":"app-20240101000000-0000","name":"wc"}])");
  hadoop_.say(applications + "/app-20240101000000-0000/stages", 200,
              R"([{"status":"ACTIVE","stageId":1,"name":"collect","numTasks":6,)"
              R"("numCompleteTasks":1,"numFailedTasks":0}])");
  const auto stages = stages_of();
  ASSERT_TRUE(stages.ok()) << stages.error().message;
  ASSERT_EQ(stages->size(), 1u);
  EXPECT_EQ(stages->front().tasks, 6);
  EXPECT_EQ(stages->front().done, 1);
}

TEST_F(SparkServiceTest, CancelEndsAllThatCarriesTheMark) {
  say_apps(apps(app("RUNNING", "UNDEFINED") + "," + app("FINISHED", "SUCCEEDED", "", 2) + "," +
                app("ACCEPTED", "UNDEFINED", "", 3)));
  hadoop_.say("PUT /ws/v1/cluster/apps/application_7_0001/state", 202, "{}");
  hadoop_.say("PUT /ws/v1/cluster/apps/application_7_0003/state", 202, "{}");
  hadoop_.put("/bdaas/staging/s-1/wc.py", "x");
  ASSERT_TRUE(service_.cancel(cluster_, program_.step, "").ok());
  EXPECT_THAT(hadoop_.files(), ElementsAre());
  std::vector<std::string> killed;
  for (const auto& line : hadoop_.lines()) {
    if (line.starts_with("PUT /ws/v1/cluster")) killed.push_back(line.substr(24, 18));
  }
  EXPECT_THAT(killed, ElementsAre("application_7_0001", "application_7_0003"));
}

TEST_F(SparkServiceTest, CancellingWhatYarnDoesNotKnowIsDone) {
  EXPECT_TRUE(service_.cancel(cluster_, program_.step, "application_7_0009").ok());
}

TEST_F(SparkServiceTest, ReadsAFileWhereADirectoryWasExpected) {
  hadoop_.put("/out", "42");
  const auto files = service_.list_files(cluster_, "/out");
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 1u);
  std::string content;
  const auto done = service_.read_file(
      cluster_, "/out/" + files->front().name,
      [&](std::string_view bytes) {
        content += bytes;
        return Result<>{};
      },
      std::atomic<bool>{false});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(content, "42");
}

// As with a DataNode that is stopped or cut off.
TEST_F(SparkServiceTest, CancelEndsAReadingThatStands) {
  hadoop_.put("/out/part-0", "12345");
  hadoop_.stall("/out/part-0");
  std::atomic<bool> cancel = false;
  std::string content;
  const auto done = service_.read_file(
      cluster_, "/out/part-0",
      [&](std::string_view bytes) {
        content += bytes;
        cancel = content == "12345";
        return Result<>{};
      },
      cancel);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::cancelled) << done.error().message;
}

TEST_F(SparkServiceTest, CancelEndsACopyingOfEventLogsThatStands) {
  for (const char* name : {"application_7_0001", "application_7_0002.inprogress"}) {
    const std::string path = fmt::format("/bdaas/spark-logs/{}", name);
    hadoop_.put(path, "one\n");
    hadoop_.stall(path);
    std::atomic<bool> cancel = false;
    auto copying = std::async(std::launch::async, [&] {
      HttpClient client;
      return copy_event_logs(WebHdfs(client, endpoints_of(cluster_, nullptr), &cancel), cluster_.id,
                             dir_);
    });
    const fs::path copy = dir_ / "c-7-application_7_0001.inprogress";
    const fs::path growing = dir_ / "c-7-application_7_0002.inprogress";
    const auto is_under_way = [&] {
      return read_file(copy).value_or("") == "one\n" || read_file(growing).value_or("") == "one\n";
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_under_way() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    cancel = true;
    const auto copied = copying.get();
    ASSERT_FALSE(copied.ok());
    EXPECT_EQ(copied.error().kind, ErrorKind::cancelled) << copied.error().message;
    ASSERT_TRUE(service_.remove(cluster_, path).ok());
  }
}

TEST_F(SparkServiceTest, EventLogsAreCopiedAsTheyGrow) {
  HttpClient client;
  const auto copied = [&](const std::string& name) {
    const WebHdfs hdfs(client, endpoints_of(cluster_, nullptr));
    EXPECT_TRUE(copy_event_logs(hdfs, cluster_.id, dir_).ok());
    return read_file(dir_ / name).value_or("absent");
  };
  EXPECT_EQ(copied("c-7-application_7_0001_1"), "absent");
  hadoop_.put("/bdaas/spark-logs/application_7_0001_1.inprogress", "one\n");
  EXPECT_EQ(copied("c-7-application_7_0001_1.inprogress"), "one\n");
  hadoop_.put("/bdaas/spark-logs/application_7_0001_1.inprogress", "one\ntwo\n");
  EXPECT_EQ(copied("c-7-application_7_0001_1.inprogress"), "one\ntwo\n");
  EXPECT_EQ(copied("c-7-application_7_0001_1.inprogress"), "one\ntwo\n");
  ASSERT_TRUE(service_.remove(cluster_, "/bdaas/spark-logs/application_7_0001_1.inprogress").ok());
  hadoop_.put("/bdaas/spark-logs/application_7_0001_1", "one\ntwo\nthree\n");
  EXPECT_EQ(copied("c-7-application_7_0001_1"), "one\ntwo\nthree\n");
  EXPECT_EQ(copied("c-7-application_7_0001_1"), "one\ntwo\nthree\n");
  EXPECT_FALSE(fs::exists(dir_ / "c-7-application_7_0001_1.inprogress"));
}

}  // namespace
}  // namespace bdaas
