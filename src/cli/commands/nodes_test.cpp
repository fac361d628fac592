// bdaas ssh, cp and tunnel, as far as the call of OpenSSH's programs; tests/lab makes the calls.

#include <gmock/gmock.h>

#include <algorithm>

#include "base/json.h"
#include "cli/nodes/openssh.h"
#include "cli/nodes/tunnel.h"
#include "cli/test_cli_main.h"

namespace bdaas::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kCluster = "c-4k2m9x0p1qzr";
constexpr const char* kOther = "c-000000000000";
constexpr const char* kLogin = R"(,"login":{"host":{"address":"10.0.0.5","port":22,"user":"ann",
    "host_keys":["ssh-ed25519 AAAA"]},"jumps":[],"key_file":"/k"})";

class NodesTest : public CliMainTest {
 protected:
  NodesTest() { place("ssh", R"(,"ssh":{})", kLogin); }

  void place(const std::string& provider, const std::string& machine, const std::string& login) {
    const auto at = std::string("GET /v1/clusters/") + kCluster;
    answers_[at] = {200, fmt::format(R"({{"id":"{}","spec":{{"provider":"{}","engine":"spark"}},
        "release":{{"java_home":"/java"}}}})",
                                     kCluster, provider)};
    const auto node = [&](const char* role, int index) {
      return fmt::format(R"({{"id":"n-4k2m9x0p1qzr-{0}","role":"{1}","index":{0},"host":"h{0}",
          "status":{{"state":"Ready"}},
          "machine":{{"address":"10.0.0.{0}","dir":"{2}"{3}}}{4}}})",
                         index, role, home(), machine, login);
    };
    answers_[at + "/nodes"] = {
        200, fmt::format(R"({{"items":[{},{}]}})", node("master", 0), node("worker", 1))};
    answers_[at + "/pages"] = {200, R"({"items":[
        {"name":"namenode","title":"HDFS NameNode","host":"h0","port":9870,"start":"/x"}]})"};
  }
  std::string home() const { return dir_.path().native(); }

  // What would be called.
  std::vector<std::string> command(std::vector<const char*> words) {
    words.insert(words.begin() + 2, {"--dry-run", "--json"});
    EXPECT_EQ(run(words), 0) << err_;
    const auto answer = parse_json(out_);
    if (!answer) return {out_};
    return from_json<std::vector<std::string>>(answer->at("argv")).value();
  }
  std::string refusal(const std::vector<const char*>& words, int code = 2) {
    EXPECT_EQ(run(words), code);
    EXPECT_EQ(out_, "");
    return err_;
  }
};

TEST_F(NodesTest, SshRunsACommandInTheNodesDirectory) {
  const auto argv = command({"ssh", kCluster, "worker-1", "--", "ls", "a b"});
  ASSERT_GT(argv.size(), 4u);
  EXPECT_EQ(argv.front(), "ssh");
  EXPECT_THAT(argv, Contains("HostName=\"10.0.0.5\""));
  EXPECT_EQ(argv[argv.size() - 3], "-T");
  EXPECT_EQ(argv[argv.size() - 2], "worker-1");
  EXPECT_EQ(argv.back(),
            fmt::format("'/bin/sh' '-c' 'cd \"$1\" && shift && exec \"$@\"' 'bdaas' '{0}' 'env' "
                        "'HADOOP_CONF_DIR={0}/conf' 'JAVA_HOME=/java' 'ls' 'a b'",
                        home()));
  const auto file = fs::directory_iterator(dir_.path() / "ssh")->path();
  EXPECT_EQ(read_file(file).value(), "worker-1 ssh-ed25519 AAAA\n");
  EXPECT_THAT(argv, Contains(fmt::format("UserKnownHostsFile=\"{}\"", file.native())));
}

TEST_F(NodesTest, SshGoesToTheMasterUnlessANodeIsNamed) {
  EXPECT_THAT(command({"ssh", kCluster, "-t", "--", "top"}),
              AllOf(Contains("-t"), Contains("master")));
  EXPECT_THAT(command({"ssh", kCluster, "n-4k2m9x0p1qzr-1"}), Contains("worker-1"));
}

TEST_F(NodesTest, CpCallsScp) {
  auto argv = command({"cp", kCluster, "-r", "./a:b", "master:x y"});
  const auto dashes = std::find(argv.begin(), argv.end(), "--");
  EXPECT_EQ(argv.front(), "scp");
  EXPECT_THAT(argv, AllOf(Contains("-r"), Contains("IdentityFile=\"/k\"")));
  EXPECT_THAT(Words(dashes, argv.end()), ElementsAre("--", "././a:b", "master:" + home() + "/x y"));
  argv = command({"cp", kCluster, "worker-1:/tmp/x", "."});
  EXPECT_THAT(argv, Not(Contains("-r")));
  EXPECT_THAT(Words(argv.end() - 2, argv.end()), ElementsAre("worker-1:/tmp/x", "./."));
}

TEST_F(NodesTest, TunnelForwardsThePagesOfTheMaster) {
  const auto argv = command({"tunnel", kCluster});
  const auto forward = std::find(argv.begin(), argv.end(), "-L");
  ASSERT_NE(forward, argv.end());
  EXPECT_THAT(*(forward + 1), testing::MatchesRegex("127.0.0.1:[0-9]+:10.0.0.0:9870"));
  EXPECT_THAT(argv, Contains(HasSubstr("LocalCommand='printf' '%%s\\n' '{\"forwards\":")));
  EXPECT_EQ(argv.back(), "master");
}

TEST_F(NodesTest, TunnelForwardsWhatIsNamed) {
  const auto port = std::to_string(LocalPorts().take(0).value());
  const auto chosen = port + ":worker-1:80";
  const auto argv = command({"tunnel", kCluster, "worker-1:8000", "-L", chosen.c_str()});
  EXPECT_THAT(argv, AllOf(Contains(HasSubstr(":10.0.0.1:8000")),
                          Contains("127.0.0.1:" + port + ":10.0.0.1:80")));
  EXPECT_EQ(argv.back(), "worker-1");
  LocalPorts ports;
  const auto taken = std::to_string(ports.take(0).value());
  EXPECT_THAT(refusal({"tunnel", kCluster, "--socks", taken.c_str()}),
              HasSubstr("cannot listen on 127.0.0.1:" + taken));
  const auto socks = command({"tunnel", kCluster, "--socks", "0"});
  EXPECT_THAT(socks, AllOf(Contains("-D"), Contains(HasSubstr("socks5h://127.0.0.1:"))));
}

TEST_F(NodesTest, OnThisMachineNothingIsTunnelled) {
  place("local", "", "");
  EXPECT_EQ(run({"tunnel", kCluster}), 0);
  EXPECT_EQ(out_, "http://10.0.0.0:9870/x  HDFS NameNode (master:9870)\n");
  EXPECT_THAT(err_, HasSubstr("no tunnel is needed"));
  EXPECT_THAT(refusal({"tunnel", kCluster, "80:master:80"}), HasSubstr("without a tunnel"));
  EXPECT_THAT(refusal({"tunnel", kCluster, "--socks", "0"}), HasSubstr("without a tunnel"));
  EXPECT_THAT(command({"cp", kCluster, "-r", "master:log", "here"}),
              ElementsAre("cp", "-L", "-r", "--", home() + "/log", "./here"));
  EXPECT_THAT(command({"ssh", kCluster, "--", "ls"}),
              Contains("HADOOP_CONF_DIR=" + home() + "/conf"));
  EXPECT_THAT(err_, HasSubstr("master is on this machine: the command runs in its directory"));
}

TEST_F(NodesTest, BadWishesAreRefusedBeforeAnythingIsAsked) {
  EXPECT_THAT(refusal({"cp", kCluster, "a", "b"}), HasSubstr("none of 'a' and 'b' is NODE:PATH"));
  EXPECT_THAT(refusal({"cp", kCluster, "master:a", "master:b"}), HasSubstr("each of"));
  EXPECT_THAT(refusal({"tunnel", kCluster, "9870"}), HasSubstr("write NODE:PORT"));
  EXPECT_THAT(refusal({"tunnel", kCluster, "--socks", "x"}), HasSubstr("--socks"));
  EXPECT_THAT(refusal({"ssh", kCluster, "--json", "--", "ls"}), HasSubstr("goes with --dry-run"));
  EXPECT_THAT(refusal({"ssh", "mine"}), HasSubstr("no id of a cluster"));
  EXPECT_EQ(asked_.size(), 0u);
}

TEST_F(NodesTest, WhatIsNotThereIsSaid) {
  EXPECT_THAT(refusal({"ssh", kOther}, 4), HasSubstr("nothing there"));
  EXPECT_THAT(refusal({"ssh", kCluster, "worker-2"}, 4), HasSubstr("no node 'worker-2'"));
  EXPECT_THAT(refusal({"cp", kCluster, "a", "worker-2:b"}, 4), HasSubstr("no node 'worker-2'"));
  EXPECT_THAT(refusal({"tunnel", kCluster, "worker-2:1"}, 4), HasSubstr("no node 'worker-2'"));
  place("fake", "", "");
  EXPECT_THAT(refusal({"ssh", kCluster}), HasSubstr("demonstration"));
  EXPECT_THAT(refusal({"tunnel", kCluster}), HasSubstr("demonstration"));
  place("ssh", R"(,"ssh":{})", kLogin);
  answers_[std::string("GET /v1/clusters/") + kCluster + "/pages"] = {200, R"({"items":[]})"};
  EXPECT_THAT(refusal({"tunnel", kCluster}), HasSubstr("shows no web pages"));
}

}  // namespace
}  // namespace bdaas::cli
