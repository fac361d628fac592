#include "cli/hosts_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::cli {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string refusal(std::string_view text) {
  const auto parsed = parse_hosts(text, "/etc/hosts.toml");
  if (parsed) return "it was taken";
  EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
  return parsed.error().message;
}

TEST(HostsFile, WhatStandsAboveCountsForAll) {
  const auto hosts = parse_hosts(R"(
user = "ubuntu"
key = "keys/id"
jump = "ann@gate.example.org:2222"
dir = "/data/bdaas"
[[host]]
address = "10.0.0.5"
[[host]]
address = "worker.example.org"
port = 2022
user = "admin"
private_address = "192.168.1.6"
host_key = "SHA256:abc"
jump = ["one", "bob@two"]
)",
                                 "/home/ann/hosts.toml")
                         .value();
  ASSERT_THAT(hosts, SizeIs(2));
  const auto& master = hosts[0];
  EXPECT_EQ(master.login.host,
            (SshHop{.address = "10.0.0.5", .port = 22, .user = "ubuntu", .host_key = ""}));
  EXPECT_EQ(master.login.key_file, "/home/ann/keys/id");
  EXPECT_EQ(master.dir, "/data/bdaas");
  ASSERT_THAT(master.login.jumps, SizeIs(1));
  EXPECT_EQ(master.login.jumps[0],
            (SshHop{.address = "gate.example.org", .port = 2222, .user = "ann", .host_key = ""}));
  const auto& worker = hosts[1];
  EXPECT_EQ(worker.login.host, (SshHop{.address = "worker.example.org",
                                       .port = 2022,
                                       .user = "admin",
                                       .host_key = "SHA256:abc"}));
  EXPECT_EQ(worker.private_address, "192.168.1.6");
  ASSERT_THAT(worker.login.jumps, SizeIs(2));
  EXPECT_EQ(worker.login.jumps[1].user, "bob");
}

TEST(HostsFile, ARefusalNamesTheLine) {
  EXPECT_THAT(refusal("[[host]]\nadress = \"x\"\n"),
              HasSubstr("/etc/hosts.toml line 2: 'adress' is unknown; did you mean 'address'?"));
  EXPECT_THAT(refusal("[[host]]\naddress = 5\n"), HasSubstr("line 2: 'address' is a text"));
  EXPECT_THAT(refusal("[[host]]\naddress = \"a\"\nport = 70000\n"), HasSubstr("line 3: 'port'"));
  EXPECT_THAT(refusal("[[host]]\naddress = \"a\"\njump = \"@b\"\n"), HasSubstr("user@host:port"));
  EXPECT_THAT(refusal("[[host]]\nuser = \"a\"\n"), HasSubstr("this host has no address"));
  EXPECT_THAT(refusal("[[host]]\naddress = \"a\"\n[[host]]\naddress = \"a\"\n"),
              HasSubstr("'a' is named twice"));
  EXPECT_THAT(refusal("user = \"a\"\n"), HasSubstr("name 1 to 1000 hosts"));
  EXPECT_THAT(refusal("host = 5\n"), HasSubstr("name 1 to 1000 hosts"));
  EXPECT_THAT(refusal("[[host]\n"), HasSubstr("line 1: "));
  EXPECT_THAT(refusal("dir = \"here\"\n[[host]]\naddress = \"a\"\n"), HasSubstr("begins with /"));
}

TEST(HostsFile, AMissingOneIsTold) {
  EXPECT_THAT(read_hosts("/nowhere/hosts.toml").error().message, HasSubstr("--hosts"));
}

}  // namespace
}  // namespace bdaas::cli
