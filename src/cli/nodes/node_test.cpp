#include "cli/nodes/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

json::value cluster_row(std::string_view provider) {
  return {{"id", "c-4k2m9x0p1qzr"},
          {"spec", {{"provider", provider}, {"engine", "spark"}, {"new_member", 1}}},
          {"release", {{"java_home", "/opt/java"}}}};
}

json::value row(std::int64_t index, std::string_view state = "Ready") {
  return {{"id", fmt::format("n-4k2m9x0p1qzr-{}", index)},
          {"role", index == 0 ? "master" : "worker"},
          {"index", index},
          {"host", index == 0 ? std::string("c-4k2m9x0p1qzr-master")
                              : fmt::format("c-4k2m9x0p1qzr-worker-{}", index)},
          {"status", {{"state", state}}},
          {"machine", {{"address", fmt::format("10.0.0.{}", index)}, {"dir", "/data/l-1"}}}};
}

json::value behind_ssh(json::value node) {
  node.as_object()["machine"].as_object()["ssh"] = {{"host", {{"address", "10.0.0.9"}}}};
  node.as_object()["login"] = {{"host",
                                {{"address", "10.0.0.9"},
                                 {"port", 2222},
                                 {"user", "ann"},
                                 {"host_keys", {"ssh-ed25519 AAAA"}},
                                 {"new_member", true}}}};
  return node;
}

ClusterNodes nodes_of(json::array rows, std::string_view provider = "local") {
  return read_nodes(cluster_row(provider), rows).value();
}

std::string refusal(const ClusterNodes& cluster, std::string_view name, ErrorKind kind) {
  const auto found = find_node(cluster, name);
  if (found) return "found";
  EXPECT_EQ(found.error().kind, kind);
  return found.error().message;
}

TEST(FindNode, ByEachOfItsNames) {
  const auto cluster = nodes_of({row(0), behind_ssh(row(1))}, "ssh");
  EXPECT_EQ(cluster.java_home, "/opt/java");
  for (const auto* name : {"worker-1", "n-4k2m9x0p1qzr-1", "c-4k2m9x0p1qzr-worker-1"}) {
    const auto found = find_node(cluster, name);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->name, "worker-1");
    EXPECT_FALSE(found->is_here);
    EXPECT_EQ(found->login.value().host,
              (KnownSshHop{"10.0.0.9", 2222, "ann", {"ssh-ed25519 AAAA"}}));
  }
  EXPECT_TRUE(find_node(cluster, "master").value().is_here);
}

TEST(FindNode, SaysWhyNobodyCanLogInThere) {
  constexpr auto kNotNow = ErrorKind::failed_precondition;
  EXPECT_THAT(refusal(nodes_of({row(0), row(1)}), "worker-2", ErrorKind::not_found),
              AllOf(HasSubstr("no node 'worker-2'"), HasSubstr("did you mean 'worker-1'")));
  EXPECT_THAT(refusal(nodes_of({row(0)}, "fake"), "master", kNotNow), HasSubstr("demonstration"));
  EXPECT_THAT(refusal(nodes_of({row(0, "Requested")}), "master", kNotNow),
              HasSubstr("no machine yet"));
  EXPECT_THAT(refusal(nodes_of({row(0, "Released")}), "master", kNotNow),
              HasSubstr("no machine any more: it is Released"));
  EXPECT_THAT(refusal(nodes_of({row(0, "Lost")}), "master", kNotNow), HasSubstr("Lost"));
  auto unknown = behind_ssh(row(0));
  unknown.as_object().erase("login");
  EXPECT_THAT(refusal(nodes_of({unknown}, "ssh"), "master", kNotNow),
              HasSubstr("does not say how master"));
}

TEST(FindNode, AnAnswerThatIsNotUnderstoodIsNoNode) {
  EXPECT_EQ(read_nodes(cluster_row("local"), {row(0, "Dreaming")}).error().kind,
            ErrorKind::corrupted);
}

TEST(NodePath, BelongsToANodeWhenAColonComesFirst) {
  const auto parsed = parse_node_path("worker-1:/tmp/a:b");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->node, "worker-1");
  EXPECT_EQ(parsed->path, "/tmp/a:b");
  EXPECT_EQ(parse_node_path("master:").value().path, "");
  for (const auto* local : {"a", "./a:b", "/tmp/a:b", ":x", ""}) {
    EXPECT_FALSE(parse_node_path(local).has_value()) << local;
  }
}

TEST(NodePath, IsBelowTheNodesDirectory) {
  const ClusterNode node{
      .id = {}, .name = {}, .host = {}, .address = {}, .dir = "/data/l-1", .login = {}};
  EXPECT_EQ(path_on(node, "log/x"), "/data/l-1/log/x");
  EXPECT_EQ(path_on(node, ""), "/data/l-1");
  EXPECT_EQ(path_on(node, "/tmp/x"), "/tmp/x");
}

TEST(NodePort, WithAndWithoutALocalOne) {
  const auto plain = parse_node_port("master:9870").value();
  EXPECT_EQ(plain.node, "master");
  EXPECT_EQ(plain.port, 9870);
  EXPECT_FALSE(plain.local.has_value());
  const auto chosen = parse_node_port("8080:worker-1:80").value();
  EXPECT_EQ(chosen.node, "worker-1");
  EXPECT_EQ(chosen.port, 80);
  EXPECT_EQ(chosen.local, 8080);
  EXPECT_EQ(parse_node_port("0:worker-1:80").value().local, 0);
}

TEST(NodePort, RefusesEverythingElse) {
  for (const auto* text :
       {"", "9870", ":80", "master:", "master:0", "master:65536", "master:x", "x:master:80",
        "65536:master:80", ":master:80", "1:2:3:4", "8080::80", "master:-1", "master: 80"}) {
    const auto parsed = parse_node_port(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace bdaas::cli
