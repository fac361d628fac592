#include "agent/node_files.h"

#include <gmock/gmock.h>

#include "agent/apply_plan.h"
#include "agent/test_dir.h"

namespace bdaas {
namespace {

TEST(NameInNode, IsTheRestBelowTheDirectory) {
  EXPECT_EQ(*name_in_node("/n", "/n/etc/x"), "etc/x");
  EXPECT_EQ(*name_in_node("/n/", "/n/x"), "x");
}

TEST(NameInNode, RefusesWhatIsOutside) {
  for (const auto* bad : {"/etc/passwd", "/n", "/n/", "/nn/x", "x", "", "/n/../x", "/n/a/../../x",
                          "/n//x", "/n/./x", "/n/agent.json", "/n/agent-state.json"}) {
    EXPECT_FALSE(name_in_node("/n", bad).ok()) << bad;
  }
  EXPECT_FALSE(name_in_node("/n", std::string_view("/n/a\0b", 6)).ok());
}

TEST(NodeFiles, WritesWithParentsAndMode) {
  const TestDir dir;
  const auto files = NodeFiles::open(dir.path());
  ASSERT_TRUE(files.ok());
  ASSERT_TRUE(files->write({dir.path("a/b/c"), "hello", 0640}).ok());
  ASSERT_TRUE(files->write({dir.path("a/b/c"), "again", 0600}).ok());
  EXPECT_EQ(*read_file(dir.path("a/b/c")), "again");
  EXPECT_EQ(fs::status(dir.path("a/b/c")).permissions(), fs::perms(0600));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path("a/b")), {}), 1);  // nothing left beside
}

TEST(NodeFiles, FollowsNoLinkOutOfTheNode) {
  const TestDir dir;
  const TestDir outside;
  const auto files = NodeFiles::open(dir.path());
  fs::create_symlink(outside.path(), dir.path("out"));
  const auto written = files->write({dir.path("out/x"), "hello", 0644});
  ASSERT_FALSE(written.ok());
  EXPECT_THAT(written.error().message, testing::HasSubstr("a link"));
  EXPECT_FALSE(files->make_directory(dir.path("out/d")).ok());
  EXPECT_FALSE(files->open_log(dir.path("out/log")).ok());
  EXPECT_TRUE(fs::is_empty(outside.path()));
  fs::create_symlink(outside.path("planted"), dir.path("log"));
  EXPECT_FALSE(files->open_log(dir.path("log")).ok());
  EXPECT_TRUE(fs::is_empty(outside.path()));
}

TEST(NodeFiles, ReplacesALinkInsteadOfWritingThroughIt) {
  const TestDir dir;
  const TestDir outside;
  ASSERT_TRUE(write_file(outside.path("x"), "theirs").ok());
  fs::create_symlink(outside.path("x"), dir.path("x"));
  ASSERT_TRUE(NodeFiles::open(dir.path())->write({dir.path("x"), "ours", 0644}).ok());
  EXPECT_EQ(*read_file(outside.path("x")), "theirs");
  EXPECT_EQ(*read_file(dir.path("x")), "ours");
}

DaemonSpec daemon(std::string name) {
  DaemonSpec spec;
  spec.name = std::move(name);
  spec.argv = {"/bin/true"};
  spec.log = "/n/log";
  return spec;
}

TEST(CheckPlan, RefusesBeforeAnythingIsWritten) {
  const auto refused = [](const std::function<void(NodePlan&)>& spoil) {
    NodePlan plan;
    plan.daemons = {daemon("a")};
    EXPECT_TRUE(check_plan(plan, "/n").ok());
    spoil(plan);
    return !check_plan(plan, "/n").ok();
  };
  EXPECT_TRUE(refused([](auto& plan) { plan.directories = {"/elsewhere"}; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.files = {{"/n/../x", "", 0644}}; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons.push_back(daemon("a")); }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons[0].argv = {"true"}; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons[0].argv = {}; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons[0].log = "/var/log/x"; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons[0].working_dir = "/"; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons[0].init_once = {"../m", {"/bin/true"}}; }));
  EXPECT_TRUE(refused([](auto& plan) { plan.daemons[0].init_once = {"m", {"true"}}; }));
}

}  // namespace
}  // namespace bdaas
