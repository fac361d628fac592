#include "cli/nodes/openssh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace bdaas::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "ssh-ed25519 AAAA";
constexpr const char* kOtherKey = "ecdsa-sha2-nistp256 BBBB";

SshTarget target() {
  return {
      "worker-1",
      {.host = {"10.0.0.5", 2222, "ann", {kKey, kOtherKey}}, .jumps = {}, .key_file = "/k/one"}};
}

SshTarget behind_jumps() {
  auto far = target();
  far.login.jumps = {{"gate", 22, "eve", {kKey}}, {"fe80::1%eth0", 23, "bob", {kOtherKey}}};
  return far;
}

Words options_of(const SshTarget& target, const fs::path& known_hosts = "/h/known") {
  auto words = ssh_options(target, known_hosts);
  EXPECT_TRUE(words.ok()) << words.error().message;
  return words.value_or({});
}

// The lines of what ssh made of these options.
std::set<std::string> read_by_ssh(Words options) {
  Words argv{"ssh", "-G"};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.emplace_back("worker-1");
  const auto done =
      run_checked({.argv = argv, .env = {}, .working_dir = {}, .on_line = {}, .on_start = {}});
  EXPECT_TRUE(done.ok()) << done.error().message;
  std::set<std::string> lines;
  std::istringstream text(done ? done->out : "");
  for (std::string line; std::getline(text, line);) lines.insert(line);
  return lines;
}

TEST(OpenSsh, TheLoginAsOptions) {
  EXPECT_THAT(options_of(target()),
              ElementsAre("-F", "none", "-o", "HostName=\"10.0.0.5\"", "-o", "Port=2222", "-o",
                          "User=\"ann\"", "-o", "HostKeyAlias=worker-1", "-o",
                          "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=\"/h/known\"",
                          "-o", "GlobalKnownHostsFile=/dev/null", "-o", "CheckHostIP=no", "-o",
                          "UpdateHostKeys=no", "-o", "PreferredAuthentications=publickey", "-o",
                          "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-o",
                          "IdentityFile=\"/k/one\"", "-o", "IdentitiesOnly=yes"));
}

TEST(OpenSsh, WithoutAKeyFileItTriesAsSshDoes) {
  auto usual = target();
  usual.login.key_file.clear();
  EXPECT_THAT(options_of(usual), Not(Contains(HasSubstr("Identit"))));
}

TEST(OpenSsh, SshReadsTheOptionsAsTheyAreMeant) {
  if (!find_program("ssh")) GTEST_SKIP() << "ssh is not installed";
  auto odd = target();
  odd.login.key_file = "/my keys/100%h";
  odd.login.host.address = "fe80::1%eth0";
  const auto lines = read_by_ssh(options_of(odd, "/a home/50%p"));
  EXPECT_THAT(lines, Contains("hostname fe80::1%eth0"));
  EXPECT_THAT(lines, Contains("port 2222"));
  EXPECT_THAT(lines, Contains("user ann"));
  EXPECT_THAT(lines, Contains("hostkeyalias worker-1"));
  EXPECT_THAT(lines, Contains("identitiesonly yes"));
  EXPECT_THAT(lines, Contains("identityfile /my keys/100%%h"));  // they become one at its use
  EXPECT_THAT(lines, Contains(testing::AnyOf("userknownhostsfile /a home/50%p",
                                             "userknownhostsfile /a home/50%%p")));
  EXPECT_THAT(lines, Contains("stricthostkeychecking true"));
  EXPECT_THAT(lines, Contains("preferredauthentications publickey"));
}

TEST(OpenSsh, EachJumpIsTheProxyOfTheNext) {
  const auto words = options_of(behind_jumps());
  ASSERT_THAT(words.back(), testing::StartsWith("ProxyCommand='ssh' '-F' 'none' "));
  const auto& proxy = words.back();
  EXPECT_THAT(proxy, HasSubstr("'HostName=\"fe80::1%%%%eth0\"'"));  // one level of each
  EXPECT_THAT(proxy, HasSubstr("'Port=23'"));
  EXPECT_THAT(proxy, HasSubstr("'User=\"bob\"'"));
  EXPECT_THAT(proxy, HasSubstr("'HostKeyAlias=jump-2'"));
  EXPECT_THAT(proxy, HasSubstr("'IdentityFile=\"/k/one\"'"));
  EXPECT_THAT(proxy, testing::EndsWith("'-W' '10.0.0.5:2222' 'jump-2'"));
  // The first jump, quoted once more.
  EXPECT_THAT(proxy, HasSubstr("'ProxyCommand='\\''ssh'\\'' "));
  EXPECT_THAT(proxy, HasSubstr("HostKeyAlias=jump-1"));
  EXPECT_THAT(proxy, HasSubstr("'\\''[fe80::1%%%%eth0]:23'\\'' '\\''jump-1'\\'''"));
}

TEST(OpenSsh, AShellReadsTheProxyAsTheCallOfTheJump) {
  const auto words = options_of(behind_jumps());
  auto command = words.back().substr(std::string_view("ProxyCommand=").size());
  for (std::size_t at = 0; (at = command.find("%%", at)) != command.npos; ++at) {
    command.erase(at, 1);  // as ssh does before it calls the shell
  }
  SshTarget jump{"jump-2", behind_jumps().login};
  jump.login.host = jump.login.jumps.back();
  jump.login.jumps.pop_back();
  auto wanted = options_of(jump);
  wanted.insert(wanted.end(), {"-W", "10.0.0.5:2222", "jump-2"});
  // The arguments of a function that is called ssh.
  const auto done =
      run_checked({.argv = {"sh", "-c", "ssh() { printf '%s\\n' \"$@\"; }; " + command},
                   .env = {},
                   .working_dir = {},
                   .on_line = {},
                   .on_start = {}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  std::string text;
  for (const auto& word : wanted) text += word + "\n";
  EXPECT_EQ(done->out, text);
}

TEST(OpenSsh, WhatSshWouldReadInAnotherWayIsRefused) {
  auto odd = target();
  for (const auto* key : {"/k/\"", "/k/a\\b", "/k/${HOME}", "/k/a\nb"}) {
    odd.login.key_file = key;
    EXPECT_EQ(ssh_options(odd, "/h").error().kind, ErrorKind::invalid_argument) << key;
  }
  EXPECT_FALSE(ssh_options(target(), "/h\"/x").ok());
  odd = behind_jumps();
  odd.login.jumps[0].user = "e\"ve";
  EXPECT_FALSE(ssh_options(odd, "/h").ok());
}

TEST(KnownHostsText, HoldsTheKeysOfThisLoginAndNoOthers) {
  EXPECT_EQ(known_hosts_text(target()).value(),
            "worker-1 ssh-ed25519 AAAA\nworker-1 ecdsa-sha2-nistp256 BBBB\n");
  EXPECT_EQ(known_hosts_text(behind_jumps()).value(),
            "jump-1 ssh-ed25519 AAAA\njump-2 ecdsa-sha2-nistp256 BBBB\n"
            "worker-1 ssh-ed25519 AAAA\nworker-1 ecdsa-sha2-nistp256 BBBB\n");
  auto unseen = behind_jumps();
  unseen.login.jumps[1].host_keys.clear();
  const auto refused = known_hosts_text(unseen);
  EXPECT_EQ(refused.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(refused.error().message, HasSubstr("no host key of [fe80::1%eth0]:23 is known"));
}

TEST(KnownHostsText, AFileForEachTextAndOldOnesGo) {
  const auto dir = TempDir::make().value();
  const auto below = dir.path() / "ssh";
  const auto first = write_known_hosts(below, "a\n").value();
  EXPECT_EQ(write_known_hosts(below, "a\n").value(), first);
  const auto second = write_known_hosts(below, "b\n").value();
  EXPECT_NE(second, first);
  EXPECT_EQ(read_file(first).value(), "a\n");
  struct stat status {};
  ASSERT_EQ(::stat(first.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  fs::last_write_time(first, fs::file_time_type::clock::now() - std::chrono::hours(25));
  ASSERT_TRUE(write_known_hosts(below, "c\n").ok());
  EXPECT_FALSE(fs::exists(first));
  EXPECT_TRUE(fs::exists(second));
}

TEST(WordsIn, RunsACommandAsItIs) {
  const auto dir = TempDir::make().value();
  const auto odd = dir.path() / "it's $HOME";
  ASSERT_TRUE(make_directory(odd).ok());
  const auto words = words_in(odd, {{"A", "b c"}},
                              {"sh", "-c", "pwd; echo \"$A\" \"$1\"; exit 7", "x", "*; $(date)"});
  const auto done =
      run({.argv = words, .env = {}, .working_dir = {}, .on_line = {}, .on_start = {}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->exit_code, 7);
  EXPECT_EQ(done->out, odd.native() + "\nb c *; $(date)\n");
}

TEST(WordsIn, NothingRunsWhereThereIsNoDirectory) {
  const auto done = run({.argv = words_in("/nonexistent", {}, {"echo", "x"}),
                         .env = {},
                         .working_dir = {},
                         .on_line = {},
                         .on_start = {}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_NE(done->exit_code, 0);
  EXPECT_EQ(done->out, "");
}

TEST(WordsIn, WithoutACommandItIsAShell) {
  const auto dir = TempDir::make().value();
  const auto done = run({.argv = words_in(dir.path(), {}, {}),
                         .env = {{"SHELL", "/bin/echo"}},
                         .working_dir = {},
                         .on_line = {},
                         .on_start = {}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->out, "-l\n");
}

TEST(Scp, PathsAsItsReleaseReadsThem) {
  for (const auto* version : {"OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.17\n", "OpenSSH_8.7p1", "",
                              "OpenSSH_for_Windows_9.5p1", "OpenSSH_10.0"}) {
    EXPECT_EQ(scp_way_of(version), ScpWay::sftp) << version;
  }
  for (const auto* version : {"OpenSSH_8.6p1, x", "OpenSSH_7.4p1"}) {
    EXPECT_EQ(scp_way_of(version), ScpWay::shell) << version;
  }
  EXPECT_EQ(scp_source("master", "/tmp/a b*", ScpWay::sftp), "master:/tmp/a b\\*");
  EXPECT_EQ(scp_target("master", "/tmp/a b*", ScpWay::sftp), "master:/tmp/a b*");
  EXPECT_EQ(scp_source("master", "/tmp/it's", ScpWay::shell), "master:'/tmp/it'\\''s'");
  EXPECT_EQ(local_path("a:b"), "./a:b");
  EXPECT_EQ(local_path("-r"), "./-r");
  EXPECT_EQ(local_path("/tmp/a:b"), "/tmp/a:b");
}

}  // namespace
}  // namespace bdaas::cli
