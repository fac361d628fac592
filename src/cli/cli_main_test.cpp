// cli_main against a manager that answers from a table: texts, JSON, exit codes. And docs/cli.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/digest.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/test_cli_main.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(CliMainTest, BadInput) {
  EXPECT_EQ(run({"jbs"}), 2);
  EXPECT_EQ(err_,
            "bdaas: there is no command 'jbs'; did you mean 'jobs'?; `bdaas -h` lists them\n");
  EXPECT_EQ(run({"jobs", "describe", "j-1"}), 2);
  EXPECT_EQ(err_, "bdaas: 'j-1' is no id of a job; they look like j-4k2m9x0p1qzr\n");
  EXPECT_EQ(run({"run", "absent.py"}), 2);
  EXPECT_THAT(err_, HasSubstr("the program 'absent.py' does not exist"));
  EXPECT_EQ(asked_.size(), 0u);
}

TEST_F(CliMainTest, RunChecksAllInputBeforeAnythingElse) {
  const auto program = (dir_.path() / "a.py").native();
  std::ofstream(program) << "print(1)";
  const auto refused = [&](std::vector<const char*> more) {
    more.insert(more.begin(), {"run", program.c_str()});
    EXPECT_EQ(run(more), 2);
    EXPECT_EQ(out_, "");
    return err_;
  };
  EXPECT_THAT(refused({"--data", "absent"}), HasSubstr("the data 'absent' does not exist"));
  EXPECT_THAT(refused({"--workers", "0"}), HasSubstr("--workers"));
  EXPECT_THAT(refused({"--timeout", "10"}), HasSubstr("--timeout: '10' is not a duration"));
  EXPECT_THAT(refused({"--output", "/"}), HasSubstr("is a directory"));
  EXPECT_THAT(refused({"--class", "X"}), HasSubstr("--class is for a .jar"));
  EXPECT_THAT(refused({"--cluster", "x"}), HasSubstr("no id of a cluster"));
  EXPECT_THAT(refused({"--cluster", "c-4k2m9x0p1qzr", "--workers", "3"}),
              HasSubstr("--workers describes a new cluster"));
  EXPECT_EQ(asked_.size(), 0u);
}

TEST_F(CliMainTest, ListsAllPagesAsATable) {
  answers_["GET /v1/jobs"] = {200, R"({"items":[{"id":"j-1","spec":{"name":"wc.py"},
      "status":{"state":"Running"}}],"next":"j-1"})"};
  answers_["GET /v1/jobs?after=j-1"] = {200, R"({"items":[{"id":"j-2","spec":{"name":"pi.py"},
      "status":{"state":"Failed","reason":"program_failed"},"cluster":"c-1"}]})"};
  EXPECT_EQ(run({"jobs", "list"}), 0);
  EXPECT_EQ(out_,
            "ID   NAME   STATE    REASON          CLUSTER  RESULT  AGE\n"
            "j-1  wc.py  Running\n"
            "j-2  pi.py  Failed   program_failed  c-1\n");
  EXPECT_EQ(run({"jobs", "list", "--json"}), 0);
  EXPECT_EQ(parse_json(out_).value().get_array().size(), 2u);
}

TEST_F(CliMainTest, ErrorsOfTheManagerBecomeASentenceAndACode) {
  EXPECT_EQ(run({"jobs", "describe", "j-4k2m9x0p1qzr"}), 4);
  EXPECT_THAT(err_, StartsWith("bdaas: nothing there\nhint: "));
  answers_["POST /v1/clusters"] = {
      429, R"({"error":{"kind":"resource_exhausted","message":"9 workers need 20 GiB of 6 GiB"}})"};
  EXPECT_EQ(run({"clusters", "create", "--workers", "9"}), 5);
  EXPECT_EQ(err_, "bdaas: 9 workers need 20 GiB of 6 GiB\n");
  answers_["POST /v1/clusters"] = {500, "<html>"};
  EXPECT_EQ(run({"clusters", "create"}), 3);
}

TEST_F(CliMainTest, WishesGoOutAsTheApiWantsThem) {
  answers_["POST /v1/clusters/c-4k2m9x0p1qzr/resize"] = {200, R"({"status":{"state":"Resizing"}})"};
  EXPECT_EQ(run({"clusters", "resize", "c-4k2m9x0p1qzr", "5"}), 0);
  EXPECT_EQ(out_, "cluster c-4k2m9x0p1qzr is Resizing\n");
  EXPECT_EQ(asked_.back(), R"(POST /v1/clusters/c-4k2m9x0p1qzr/resize {"workers":5})");
  answers_["GET /v1/clusters/c-4k2m9x0p1qzr"] = {
      200, R"({"spec":{"workers":5},"ready_workers":5,"leaving":"","status":{"state":"Running"}})"};
  EXPECT_EQ(run({"clusters", "resize", "c-4k2m9x0p1qzr", "5", "--wait"}), 0);
  EXPECT_EQ(out_, "cluster c-4k2m9x0p1qzr has 5 workers\n");
  EXPECT_NE(run({"clusters", "resize", "c-4k2m9x0p1qzr", "4", "--wait"}), 0) << "it was given up";
  EXPECT_THAT(err_, HasSubstr("has 5 workers, not 4"));
  answers_["POST /v1/clusters"] = {201, R"({"id":"c-9"})"};
  EXPECT_EQ(run({"clusters", "create", "--idle-timeout", "5m", "--name", "mine"}), 0);
  EXPECT_EQ(out_, "c-9\n");
  EXPECT_THAT(asked_.back(), HasSubstr(R"("idle_timeout_ms":300000)"));
  EXPECT_THAT(asked_.back(), HasSubstr(R"("name":"mine")"));
}

TEST_F(CliMainTest, NothingIsRemovedWhenOneIdIsBad) {
  EXPECT_EQ(run({"data", "remove", "d-4k2m9x0p1qzr", "nonsense"}), 2);
  EXPECT_EQ(asked_.size(), 0u);
}

TEST_F(CliMainTest, StepsAddTakesTheProgramsArguments) {
  answers_["POST /v1/clusters/c-4k2m9x0p1qzr/steps"] = {201, R"({"id":"s-1"})"};
  EXPECT_EQ(
      run({"steps", "add", "c-4k2m9x0p1qzr", "p-4k2m9x0p1qzr", "--class", "X", "--", "a", "-b"}),
      0);
  EXPECT_THAT(asked_.back(),
              HasSubstr(R"("program":"p-4k2m9x0p1qzr","main_class":"X","args":["a","-b"])"));
}

TEST_F(CliMainTest, LogsAndEvents) {
  answers_["GET /v1/steps/s-4k2m9x0p1qzr/log?stream=stderr&offset=0&follow=false"] = {200,
                                                                                      "warn\n"};
  EXPECT_EQ(run({"steps", "logs", "s-4k2m9x0p1qzr", "--stderr"}), 0);
  EXPECT_EQ(out_, "warn\n");
  answers_["GET /v1/events?subject=j-1"] = {200,
                                            R"({"items":[{"seq":1,"at":"2026-01-31T08:00:00.000Z",
      "kind":"jobs","subject":"j-1","from":"Running","to":"Failed","reason":"program_failed",
      "message":"exit 1"}]})"};
  EXPECT_EQ(run({"events", "--subject", "j-1"}), 0);
  EXPECT_EQ(out_, "2026-01-31T08:00:00.000Z  j-1  Running → Failed (program_failed)  exit 1\n");
  EXPECT_EQ(run({"events", "--subject", "a&b=c"}), 2);
}

TEST_F(CliMainTest, DoctorFailsWhenSomethingIsMissing) {
  answers_["GET /v1/doctor"] = {200, R"({"items":[{"check":"java","ok":true,"found":"17"}]})"};
  EXPECT_EQ(run({"doctor"}), 0);
  answers_["GET /v1/doctor"] = {200,
                                R"({"items":[{"check":"java","ok":false,"mend":"apt install"}]})"};
  EXPECT_EQ(run({"doctor"}), 1);
  EXPECT_THAT(out_, HasSubstr("apt install"));
}

TEST_F(CliMainTest, ReleasesFetchPassesOnWhatIsSaid) {
  answers_["POST /v1/releases/bdaas-1/fetch"] = {
      200, "{\"line\":\"spark: 1 of 2 MB\"}\n{\"ok\":true}\n"};
  EXPECT_EQ(run({"releases", "fetch"}), 0);
  EXPECT_EQ(err_, "spark: 1 of 2 MB\n");
  answers_["POST /v1/releases/bdaas-1/fetch"] = {
      200,
      "{\"error\":{\"kind\":\"corrupted\",\"message\":\"spark.jar is not what was pinned\"}}\n"};
  EXPECT_EQ(run({"releases", "fetch"}), 3);
  EXPECT_THAT(err_, HasSubstr("spark.jar is not what was pinned"));
  answers_["POST /v1/releases/bdaas-1/fetch"] = {200, "{\"line\":\"cut\"}\n"};
  EXPECT_EQ(run({"releases", "fetch"}), 3);
}

TEST_F(CliMainTest, ResultsGetByJob) {
  answers_["GET /v1/jobs/j-4k2m9x0p1qzr"] = {200, R"({"id":"j-4k2m9x0p1qzr","owner":"u-1",
      "spec":{"name":"wc.py","program":"p-1"},"status":{"state":"Succeeded"},"result":"r-1"})"};
  answers_["GET /v1/results/r-1"] = {200, R"({"id":"r-1","owner":"u-1","job":"j-4k2m9x0p1qzr",
      "bytes":3,"sha256":")" + sha256_hex("tgz") +
                                              "\"}"};
  answers_["GET /v1/results/r-1/archive"] = {200, "tgz"};
  const auto target = (dir_.path() / "x.tar.gz").native();
  EXPECT_EQ(run({"results", "get", "j-4k2m9x0p1qzr", "--output", target.c_str()}), 0);
  EXPECT_EQ(out_, target + "\n");
  EXPECT_EQ(read_file(target).value(), "tgz");
}

TEST_F(CliMainTest, ServeIsHandedOn) {
  EXPECT_EQ(run({"serve", "--port", "4711", "--idle-exit", "10m", "--detach"}), 7);
  ASSERT_TRUE(served_.has_value());
  EXPECT_EQ(served_->port, 4711);
  EXPECT_EQ(served_->idle_exit_ms, std::chrono::minutes(10));
  EXPECT_TRUE(served_->detach);
  EXPECT_EQ(served_->address, "127.0.0.1");
  served_.reset();
  EXPECT_EQ(run({"serve", "--address", "0.0.0.0"}), 2);
  EXPECT_EQ(run({"serve", "--port", "65536"}), 2);
  EXPECT_FALSE(served_.has_value());
}

TEST_F(CliMainTest, StopWithoutAManagerIsFine) {
  fs::remove(dir_.path() / "manager.json");
  EXPECT_EQ(run({"stop"}), 0);
  EXPECT_EQ(out_, "no manager runs\n");
}

TEST_F(CliMainTest, VersionAndCompletion) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out_, "bdaas 1.2.3\n");
  EXPECT_EQ(run({"completion", "bash"}), 0);
  EXPECT_THAT(out_, HasSubstr("complete -F _bdaas bdaas"));
  EXPECT_EQ(run({"completion", "fish"}), 2);
}

TEST_F(CliMainTest, AnUploadAndAJobInOneRun) {
  // Only as far as a refusal of the manager: the rest is in run_session_test.cpp.
  const auto program = (dir_.path() / "a.py").native();
  std::ofstream(program) << "print(1)";
  answers_["GET /v1/releases"] = {200, R"({"items":[{"name":"bdaas-1","present":true}]})"};
  answers_["GET /v1/programs"] = {200, R"({"items":[{"id":"p-1","owner":"u-1","name":"a.py",
      "kind":"python","bytes":8,"sha256":")" +
                                           sha256_hex("print(1)") + "\"}]}"};
  answers_["POST /v1/cluster-checks"] = {200, R"({"memory":{}})"};
  answers_["POST /v1/jobs"] = {
      429, R"({"error":{"kind":"resource_exhausted","message":"not enough memory"}})"};
  EXPECT_EQ(run({"run", program.c_str(), "--workers", "2", "--", "{input}"}), 5);
  EXPECT_THAT(err_, HasSubstr("bdaas: not enough memory\n"));
  EXPECT_THAT(asked_.back(), HasSubstr(R"("name":"a.py","program":"p-1")"));
  EXPECT_THAT(asked_.back(), HasSubstr(R"("args":["{input}"])"));
  EXPECT_THAT(asked_.back(), HasSubstr(R"("workers":2)"));
  EXPECT_THAT(asked_.back(), HasSubstr(R"("command":["bdaas","run",")" + program +
                                       R"(","--workers","2","--","{input}"])"));
}

// ---- docs/cli.md ----

TEST(Docs, TheReferenceIsWhatTheTableSays) {
  constexpr std::string_view kMark = "<!-- generated from src/cli/commands.cpp -->\n";
  const fs::path file = fs::path(__FILE__).parent_path() / "../../docs/cli.md";
  const auto text = read_file(file).value_or("");
  const auto mark = text.find(kMark);
  ASSERT_NE(mark, std::string::npos);
  const auto head = text.substr(0, mark + kMark.size());
  const auto wanted = head + "\n" + reference_markdown(all_commands());
  if (std::getenv("BDAAS_UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(write_file(file, wanted).ok());
  }
  EXPECT_EQ(read_file(file).value(), wanted)
      << "run this test once with BDAAS_UPDATE_DOCS=1 to write it anew";
}

}  // namespace
}  // namespace bdaas::cli
