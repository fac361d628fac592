#include "provider/ec2/user_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "net/ssh_key.h"

namespace bdaas::ec2 {
namespace {

using testing::HasSubstr;
using testing::Lt;
using testing::StartsWith;

UserData good() {
  const auto login = make_ssh_key("c-1").value();
  const auto host = make_ssh_key("c-1").value();
  return {.power_off_minutes = 45,
          .host = "c-1-worker-1",
          .login_public_key = login.public_key,
          .host_public_key = host.public_key,
          .host_private_key = host.private_key};
}

TEST(BootScript, ArmsThePowerOffBeforeAnythingElse) {
  const auto data = good();
  const auto script = boot_script(data).value();
  EXPECT_THAT(script, StartsWith("#!/bin/sh\nset -eu\n"));
  EXPECT_THAT(script.size(), Lt(kUserDataBytesMax));
  const auto armed = script.find("\n/usr/local/sbin/bdaas-power-off-in 45\n");
  ASSERT_NE(armed, script.npos);
  for (const std::string_view later :
       {"useradd", "ssh_host_ed25519_key", "hostname c-1-worker-1"}) {
    EXPECT_LT(armed, script.find(later)) << later;
  }
  // Whoever can log in has met the right host.
  EXPECT_LT(script.find(data.host_private_key.reveal()), script.find("authorized_keys"));
  EXPECT_THAT(script, HasSubstr(data.login_public_key));
  EXPECT_THAT(script, HasSubstr("hadoop ALL=(root) NOPASSWD: /usr/local/sbin/bdaas-power-off-in"));
}

TEST(BootScript, IsShThatParses) {
  const auto dir = TempDir::make().value();
  const auto script = boot_script(good()).value();
  ASSERT_TRUE(write_file(dir.path() / "boot", script));
  const auto parsed = run({.argv = {"sh", "-n", (dir.path() / "boot").native()}}).value();
  EXPECT_EQ(parsed.exit_code, 0) << parsed.err;
}

// The timer's program, cut out of the script. With minutes it would end this computer.
TEST(BootScript, ItsTimerTakesMinutesAndNothingElse) {
  const auto dir = TempDir::make().value();
  const auto script = boot_script(good()).value();
  const auto begin = script.find("<<'BDAAS_END'\n") + 14;
  const auto timer = script.substr(begin, script.find("BDAAS_END\n", begin) - begin);
  ASSERT_TRUE(write_file(dir.path() / "timer", timer, 0755));
  const auto call = [&](const std::string& argument) {
    return run({.argv = {"sh", (dir.path() / "timer").native(), argument}}).value().exit_code;
  };
  for (const std::string nonsense : {"", "-1", "now", "1;id", "1 2", "+5", "$(id)"}) {
    EXPECT_EQ(call(nonsense), 2) << nonsense;
  }
}

TEST(BootScript, ValuesOutsideTheirAlphabetAreRefused) {
  const auto refused = [](auto change) {
    auto data = good();
    change(data);
    const auto script = boot_script(data);
    return !script.ok() && script.error().kind == ErrorKind::invalid_argument;
  };
  for (const std::int64_t minutes : {-1L, 0L, 10'081L}) {
    EXPECT_TRUE(refused([&](auto& data) { data.power_off_minutes = minutes; }));
  }
  for (const std::string host : {"", "a b", "a'b", "a\nb", "A", "-a", ".a", "$(id)"}) {
    EXPECT_TRUE(refused([&](auto& data) { data.host = host; })) << host;
  }
  EXPECT_TRUE(refused([](auto& data) { data.host = std::string(64, 'a'); }));
  EXPECT_TRUE(refused([](auto& data) { data.login_public_key += "'; id"; }));
  EXPECT_TRUE(refused([](auto& data) { data.host_public_key += "\nid"; }));
  const std::string begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  const std::string end = "-----END OPENSSH PRIVATE KEY-----\n";
  for (const auto& key : {std::string(), begin, begin + "BDAAS_END\nid\n" + end,
                          begin + "a b\n" + end, begin + "a\n" + end + "id\n"}) {
    EXPECT_TRUE(refused([&](auto& data) { data.host_private_key = Secret<std::string>(key); }))
        << key;
  }
  EXPECT_TRUE(refused([&](auto& data) {
    data.host_private_key = Secret<std::string>(begin + std::string(20'000, 'a') + "\n" + end);
  }));
}

}  // namespace
}  // namespace bdaas::ec2
