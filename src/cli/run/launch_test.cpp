#include "cli/run/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "cli/fake_server.h"
#include "cli/known_members.h"

namespace bdaas::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Steady = std::chrono::steady_clock;

// Far below what a request to the manager may take otherwise.
constexpr std::chrono::seconds kSoon{10};

// A manager that has room for small data only; notes what it is asked.
class LaunchTest : public testing::Test {
 protected:
  Result<Job> launch_of(LaunchPlan& plan) {
    Api api(Endpoint{url_, Secret<std::string>("t0ken")},
            [this](const std::atomic<bool>&) -> Result<Endpoint> {
              ++found_;
              on_search_();
              return Endpoint{url_, Secret<std::string>("t0ken")};
            });
    return launch(
        api, plan, [](RunInput) {}, control_, leaving_);
  }
  // Of a job on a cluster that stands: one request.
  static LaunchPlan one_question() {
    LaunchPlan plan;
    plan.program = ProgramId{"p-1"};
    plan.spec.cluster = ClusterId{"c-1"};
    return plan;
  }

  std::vector<std::string> asked() { return noted(asked_); }
  std::vector<std::string> tokens() { return noted(tokens_); }
  std::vector<std::string> lent() { return noted(lent_); }

  TaskControl control_;
  TaskControl leaving_;
  std::function<void()> on_search_ = [] {};  // for a manager that is gone
  std::function<void()> on_silence_;         // instead of an answer; then the client must go
  int silences_ = 0;                         // so many, before the answers
  std::string refusal_ = R"({"error":{"kind":"resource_exhausted","message":"full"}})";
  std::vector<std::string> asked_;
  std::vector<std::string> tokens_;
  int answers_lost_ = 0;  // of the first so many
  int found_ = 0;
  std::vector<std::string> lent_;
  std::int64_t bytes_seen_ = 0;  // what the manager says of a file
  std::mutex mutex_;             // each request has a thread, and one may begin before another ends
  FakeServer server_{[this](Exchange& exchange) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(exchange.method + " " + exchange.target);
    if (exchange.target == "/v1/cluster-checks") {
      if (silences_-- > 0) return be_silent(exchange);
      return exchange.answer(507, refusal_);
    }
    if (exchange.target == "/v1/data" && exchange.method == "POST") {
      lent_.push_back(exchange.read_body());
      DataSet data;
      data.id = DataSetId{"d-1"};
      data.bytes = bytes_seen_;
      return exchange.answer(201, write_json(to_json(data)));
    }
    if (exchange.target == "/v1/jobs") {
      const auto spec = noun_from<JobSpec>(parse_json(exchange.read_body()).value());
      tokens_.push_back(spec ? spec->token : spec.error().message);
      if (answers_lost_-- > 0) return;
      if (silences_-- > 0) return be_silent(exchange);
      Job job;
      job.id = JobId{"j-1"};
      return exchange.answer(201, write_json(to_json(job)));
    }
    exchange.answer(404);
  }};
  std::string url_ = server_.url();

 private:
  std::vector<std::string> noted(const std::vector<std::string>& notes) {
    const std::lock_guard lock(mutex_);
    return notes;
  }
  void be_silent(Exchange& exchange) const {
    on_silence_();
    exchange.wait_for_end();
  }
};

TEST_F(LaunchTest, NothingIsFetchedOrSentForAClusterThatCannotBe) {
  LaunchPlan plan;
  plan.program = LocalProgram{.path = "/nowhere/x.py", .name = "x.py", .bytes = 10};
  plan.needs_release = "bdaas-1";
  const auto job = launch_of(plan);
  ASSERT_FALSE(job.ok());
  EXPECT_EQ(job.error().kind, ErrorKind::resource_exhausted);
  EXPECT_EQ(job.error().message, "full");
  EXPECT_THAT(asked(), ElementsAre("POST /v1/cluster-checks"));
}

TEST_F(LaunchTest, AClusterThatStandsIsNotChecked) {
  LaunchPlan plan;
  plan.program = ProgramId{"p-1"};
  plan.spec.cluster = ClusterId{"c-1"};
  const auto job = launch_of(plan);
  EXPECT_TRUE(job.ok()) << job.error().message;
  EXPECT_THAT(asked(), ElementsAre("POST /v1/jobs"));
}

TEST_F(LaunchTest, AFileIsReadWhereItLies) {
  const auto file = fs::path(testing::TempDir()) / fmt::format("lent.{}", ::getpid());
  ASSERT_TRUE(write_file(file, "three").ok());
  bytes_seen_ = 5;
  LaunchPlan plan;
  plan.program = ProgramId{"p-1"};
  plan.spec.cluster = ClusterId{"c-1"};
  plan.data.push_back(check_data(file).value());
  const auto job = launch_of(plan);
  EXPECT_TRUE(job.ok()) << job.error().message;
  EXPECT_THAT(asked(), ElementsAre("POST /v1/data", "POST /v1/jobs"));
  EXPECT_THAT(lent(), ElementsAre(fmt::format(R"({{"path":"{}"}})", file.native())));
  EXPECT_THAT(plan.spec.data, ElementsAre(DataSetId{"d-1"}));
  fs::remove(file);
}

// As in another mount namespace: the same path, another file.
TEST_F(LaunchTest, AManagerThatSeesAnotherFileGetsTheContent) {
  const auto file = fs::path(testing::TempDir()) / fmt::format("sent.{}", ::getpid());
  ASSERT_TRUE(write_file(file, "three").ok());
  bytes_seen_ = 6;
  LaunchPlan plan;
  plan.program = ProgramId{"p-1"};
  plan.spec.cluster = ClusterId{"c-1"};
  plan.data.push_back(check_data(file).value());
  EXPECT_FALSE(launch_of(plan).ok());  // this manager takes no uploads
  ASSERT_GE(asked().size(), 2u);
  EXPECT_EQ(asked()[1], "GET /v1/data");
  fs::remove(file);
}

TEST_F(LaunchTest, AnAnswerThatIsLostIsAskedForAgainByTheSameToken) {
  answers_lost_ = 2;
  LaunchPlan plan;
  plan.program = ProgramId{"p-1"};
  plan.spec.cluster = ClusterId{"c-1"};
  const auto job = launch_of(plan);
  ASSERT_TRUE(job.ok()) << job.error().message;
  EXPECT_EQ(job->id.text, "j-1");
  ASSERT_EQ(tokens().size(), 3u);
  EXPECT_GE(tokens()[0].size(), 20u);
  EXPECT_EQ(tokens()[0], tokens()[1]);
  EXPECT_EQ(tokens()[0], tokens()[2]);
  EXPECT_EQ(found_, 2);
}

TEST_F(LaunchTest, AManagerThatDiesBeforeTheJobIsReplaced) {
  const auto file = fs::path(testing::TempDir()) / fmt::format("again.{}", ::getpid());
  ASSERT_TRUE(write_file(file, "three").ok());
  bytes_seen_ = 5;
  url_ = "http://127.0.0.1:1";
  on_search_ = [this] { url_ = server_.url(); };
  auto plan = one_question();
  plan.data.push_back(check_data(file).value());
  const auto job = launch_of(plan);
  EXPECT_TRUE(job.ok()) << job.error().message;
  EXPECT_THAT(asked(), ElementsAre("POST /v1/data", "POST /v1/jobs"));
  EXPECT_THAT(plan.spec.data, ElementsAre(DataSetId{"d-1"}));
  EXPECT_EQ(found_, 1);
  fs::remove(file);
}

TEST_F(LaunchTest, AManagerThatLivesIsNotAskedTwice) {
  LaunchPlan plan;
  plan.program = ProgramId{"p-1"};
  refusal_ = R"({"error":{"kind":"unavailable","message":"no registry answers"}})";
  const auto job = launch_of(plan);
  ASSERT_FALSE(job.ok());
  EXPECT_EQ(job.error().message, "no registry answers");
  EXPECT_THAT(asked(), ElementsAre("POST /v1/cluster-checks"));
}

// ---- leaving ----

TEST_F(LaunchTest, ACheckThatIsNotAnsweredEndsWithTheWish) {
  silences_ = 1;
  on_silence_ = [this] { control_.ask_to_stop(); };
  const auto began = Steady::now();
  LaunchPlan plan;
  plan.program = ProgramId{"p-1"};
  const auto job = launch_of(plan);
  ASSERT_FALSE(job.ok());
  EXPECT_EQ(job.error().kind, ErrorKind::cancelled);
  EXPECT_LT(Steady::now() - began, kSoon);
}

TEST_F(LaunchTest, LeavingAsksOnceMoreByTheSameToken) {
  silences_ = 1;
  on_silence_ = [this] { leaving_.ask_to_stop(); };
  const auto began = Steady::now();
  auto plan = one_question();
  const auto job = launch_of(plan);
  ASSERT_TRUE(job.ok()) << job.error().message;
  EXPECT_EQ(job->id.text, "j-1");
  EXPECT_LT(Steady::now() - began, kSoon);
  ASSERT_EQ(tokens().size(), 2u);
  EXPECT_EQ(tokens()[0], tokens()[1]);
  EXPECT_EQ(found_, 0);
}

TEST_F(LaunchTest, LeavingAManagerThatGotNoQuestionIsSure) {
  url_ = "http://127.0.0.1:1";
  on_search_ = [this] { leaving_.ask_to_stop(); };
  auto plan = one_question();
  const auto job = launch_of(plan);
  ASSERT_FALSE(job.ok());
  EXPECT_EQ(job.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(found_, 1);
}

// The first one may still be on its way, and make the job.
TEST_F(LaunchTest, LeavingAnAnswerThatWasLostIsUnsureThoughNobodyListensNow) {
  answers_lost_ = 1;
  on_search_ = [this] {
    url_ = "http://127.0.0.1:1";
    leaving_.ask_to_stop();
  };
  auto plan = one_question();
  const auto job = launch_of(plan);
  ASSERT_FALSE(job.ok());
  EXPECT_EQ(job.error().kind, ErrorKind::unknown_outcome);
  EXPECT_THAT(job.error().message, HasSubstr("`bdaas jobs list`"));
  EXPECT_EQ(tokens().size(), 1u);
}

}  // namespace
}  // namespace bdaas::cli
