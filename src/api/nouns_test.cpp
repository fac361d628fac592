// The rows of the API that turn wishes into commands and rows into answers.

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace bdaas::api {
namespace {

TEST_F(ApiTest, AJobIsRunDescribedCancelledAndRunAgain) {
  const auto body = fmt::format(R"({{"program": "{}", "args": ["{{input}}"], "keep": true}})",
                                program(user_).id.text);
  const auto made = post("/v1/jobs", body);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto job = read<Job>(made);
  EXPECT_EQ(made.header("location"), "/v1/jobs/" + job.id.text);
  EXPECT_EQ(job.owner, user_);
  EXPECT_EQ(job.spec.args, std::vector<std::string>{"{input}"});
  EXPECT_EQ(read<Job>(get("/v1/jobs/" + job.id.text)).id, job.id);
  EXPECT_TRUE(read<Job>(post("/v1/jobs/" + job.id.text + "/cancel")).cancel_wanted);
  const auto again = post("/v1/jobs/" + job.id.text + "/run-again");
  ASSERT_EQ(again.status, 201);
  const auto second = read<Job>(again);
  EXPECT_NE(second.id, job.id);
  EXPECT_EQ(write_json(to_json(second.spec)), write_json(to_json(job.spec)));
}

TEST_F(ApiTest, ListsArePages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(job(user_).id.text);
  std::vector<std::string> seen;
  std::string next;
  int pages = 0;
  do {
    const auto page =
        read<Page<Job>>(get("/v1/jobs?limit=3" + (next.empty() ? "" : "&after=" + next)));
    EXPECT_LE(page.items.size(), 3u);
    for (const auto& item : page.items) seen.push_back(item.id.text);
    next = page.next.value_or("");
    ++pages;
  } while (!next.empty());
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(parsed(get("/v1/jobs?limit=7")).as_object().if_contains("next"), nullptr);
}

TEST_F(ApiTest, AClusterIsStartedResizedAndTerminated) {
  const auto made =
      post("/v1/clusters", R"({"workers": 3, "settings": {"spark.ui.enabled": "false"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto path = made.header("location");
  EXPECT_EQ(read<Cluster>(get(path)).spec.workers, 3);
  EXPECT_EQ(read<Cluster>(post(path + "/resize", R"({"workers": 5})")).spec.workers, 5);
  EXPECT_EQ(read<Cluster>(post(path + "/terminate")).wish, ClusterWish::terminated);
  EXPECT_EQ(read<Page<Cluster>>(get("/v1/clusters")).items.size(), 1u);
}

TEST_F(ApiTest, AClusterIsCheckedWithoutBeingStarted) {
  const auto fits = post("/v1/cluster-checks", R"({"place": {"workers": 3}, "data_bytes": 5})");
  ASSERT_EQ(fits.status, 200) << fits.body;
  EXPECT_EQ(read<ClusterCheck>(fits).memory.executors, 3);
  EXPECT_EQ(post("/v1/cluster-checks", R"({"place": {"workers": 1}, "data_bytes": 2000000000000})")
                .status,
            429);
  EXPECT_EQ(post("/v1/cluster-checks", R"({"place": {"workers": 1}, "data_bytes": -1})").status,
            400);
  EXPECT_EQ(read<Page<Cluster>>(get("/v1/clusters")).items.size(), 0u);
}

TEST_F(ApiTest, NodesComeWithTheirMachines) {
  const auto owned = cluster(user_);
  const auto lease = commands_
                         .insert(user_, Lease{.cluster = owned.id,
                                              .provider = "local",
                                              .machine = Machine{"m-1", "127.0.7.1"}})
                         .value();
  const auto node = commands_.insert(user_, Node{.cluster = owned.id, .lease = lease.id}).value();
  const auto nodes = read<Items<NodeView>>(get("/v1/clusters/" + owned.id.text + "/nodes")).items;
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].id, node.id);
  EXPECT_EQ(nodes[0].machine.value_or(Machine{}).address, "127.0.7.1");
  EXPECT_EQ(nodes[0].status.state, LeaseState::requested);
  EXPECT_FALSE(nodes[0].login.has_value()) << "it is this computer";
}

TEST_F(ApiTest, NodesBehindSshSayHowTheyAreLoggedInTo) {
  const auto owned = cluster(user_);
  Machine machine{"m-1", "10.0.0.5"};
  machine.ssh = SshLogin{.host = {.address = "10.0.0.5"}, .jumps = {}, .key_file = "/keys/one"};
  const auto lease =
      commands_.insert(user_, Lease{.cluster = owned.id, .provider = "ssh", .machine = machine})
          .value();
  ASSERT_TRUE(commands_.insert(user_, Node{.cluster = owned.id, .lease = lease.id}).ok());
  const auto nodes = read<Items<NodeView>>(get("/v1/clusters/" + owned.id.text + "/nodes")).items;
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].login, (KnownSshLogin{.host = {"10.0.0.5", 22, "ann", {"ssh-ed25519 AAAA"}},
                                           .jumps = {},
                                           .key_file = "/keys/one"}));
}

TEST_F(ApiTest, AStepIsAddedListedAndCancelled) {
  const auto owned = cluster(user_);
  const auto steps = "/v1/clusters/" + owned.id.text + "/steps";
  const auto made = post(steps, fmt::format(R"({{"program": "{}"}})", program(user_).id.text));
  ASSERT_EQ(made.status, 201) << made.body;
  const auto added = read<Step>(made);
  EXPECT_EQ(read<Step>(get(made.header("location"))).id, added.id);
  EXPECT_EQ(read<Page<Step>>(get(steps)).items.size(), 1u);
  step(user_);  // of another cluster: not in this list
  EXPECT_EQ(read<Page<Step>>(get(steps)).items.size(), 1u);
  EXPECT_TRUE(read<Step>(post("/v1/steps/" + added.id.text + "/cancel")).cancel_wanted);
}

TEST_F(ApiTest, StagesAreEmptyUntilTheDriverIsUp) {
  const auto running = step(user_);
  const auto path = "/v1/steps/" + running.id.text + "/stages";
  EXPECT_EQ(get(path).body, R"({"items":[]})");
  ASSERT_TRUE(
      commands_.change<Step>(user_, running.id, [](Step& row) { row.handle = "application_1"; }));
  const auto stages = read<Items<Stage>>(get(path)).items;
  ASSERT_EQ(stages.size(), 1u);
  EXPECT_EQ(stages[0].done, 3);
}

TEST_F(ApiTest, ProgramsDataAndResultsAreListedAndRemoved) {
  const auto program_id = program(user_).id.text;
  const auto data_id = commands_.insert(user_, DataSet{.name = "d", .sha256 = "s"}).value().id.text;
  const auto result_id = commands_.insert(user_, JobResult{.job = job(user_).id}).value().id.text;
  ASSERT_TRUE(write_file(dir_.data() / data_id, "bytes"));
  ASSERT_TRUE(write_file(dir_.results() / (result_id + ".tar.gz"), "bytes"));
  EXPECT_EQ(read<Page<JobResult>>(get("/v1/results")).items.size(), 1u);
  for (const auto& path :
       {"/v1/programs/" + program_id, "/v1/data/" + data_id, "/v1/results/" + result_id}) {
    EXPECT_EQ(get(path).status, 200) << path;
    const auto removed = ask({.method = "DELETE", .path = path});
    EXPECT_EQ(removed.status, 204) << path;
    EXPECT_EQ(removed.body, "");
    EXPECT_EQ(get(path).status, 404) << path;
    EXPECT_EQ(ask({.method = "DELETE", .path = path}).status, 404) << path;
  }
  EXPECT_FALSE(fs::exists(dir_.data() / data_id));
  EXPECT_FALSE(fs::exists(dir_.results() / (result_id + ".tar.gz")));
}

TEST_F(ApiTest, TheManagerSaysWhatItIsAndEndsWhenAsked) {
  EXPECT_EQ(read<ManagerInfo>(get("/v1/info")).pid, 4711);
  EXPECT_EQ(read<Items<Finding>>(get("/v1/doctor")).items.at(0).check, "java");
  auto asked = shutdown_.get_future();
  EXPECT_EQ(post("/v1/shutdown", R"({"terminate_clusters": true})").status, 200);
  EXPECT_TRUE(asked.get());
  shutdown_ = {};
  asked = shutdown_.get_future();
  EXPECT_EQ(post("/v1/shutdown").status, 200);
  EXPECT_FALSE(asked.get());
}

TEST_F(ApiTest, ReleasesAreListedAndVerified) {
  EXPECT_EQ(read<Items<ReleaseStatus>>(get("/v1/releases")).items.at(0).name, "bdaas-1");
  const auto verified = post("/v1/releases/bdaas-1/verify");
  EXPECT_EQ(verified.status, 500);
  EXPECT_EQ(error_kind(verified), "corrupted");
  EXPECT_EQ(post("/v1/releases/other/verify").status, 404);
}

TEST_F(ApiTest, AFileOfThisMachineIsNamedAndNotCopied) {
  const auto dir = TempDir::make().value();
  const auto file = dir.path() / "iliad.txt";
  ASSERT_TRUE(write_file(file, "sing").ok());
  const auto name = [&](const std::string& path) {
    return post("/v1/data", fmt::format(R"({{"path":"{}"}})", path));
  };
  const auto made = name(file);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto data = from_json<DataSet>(parse_json(made.body).value()).value();
  EXPECT_EQ(data.path, file.native());
  EXPECT_EQ(data.bytes, 4);
  EXPECT_EQ(data.sha256, "");
  EXPECT_EQ(from_json<DataSet>(parse_json(name(file).body).value()).value().id, data.id);
  EXPECT_EQ(get("/v1/data/" + data.id.text + "/content").status, 412);
  ASSERT_TRUE(write_file(file, "sang").ok());
  EXPECT_NE(from_json<DataSet>(parse_json(name(file).body).value()).value().id, data.id);
  EXPECT_EQ(name("iliad.txt").status, 400);
  EXPECT_EQ(name(dir.path()).status, 400);
  EXPECT_EQ(name("/dev/zero").status, 400);
  EXPECT_EQ(name(file.native() + "x").status, 404);
  ASSERT_TRUE(write_file(file, "").ok());
  EXPECT_EQ(name(file).status, 400);
}

}  // namespace
}  // namespace bdaas::api
