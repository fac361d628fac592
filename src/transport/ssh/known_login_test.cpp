#include "transport/ssh/known_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFirst =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
constexpr const char* kSecond =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/";

class KnownLoginTest : public testing::Test {
 protected:
  KnownSshLogin known() const { return known_login(login_, pinned_, "me"); }

  SshLogin login_{.host = {.address = "10.0.0.5"}, .jumps = {}, .key_file = "/keys/one"};
  std::multimap<std::string, HostKey> pinned_{
      {"10.0.0.5", parse_host_key(kFirst).value()},
      {"10.0.0.5@[gate]:2222", parse_host_key(kSecond).value()},
      {"[gate]:2222", parse_host_key(kFirst).value()}};
};

TEST_F(KnownLoginTest, TakesPinnedKeysAndTheUserOfTheManager) {
  EXPECT_EQ(known(),
            (KnownSshLogin{
                .host = {"10.0.0.5", 22, "me", {kFirst}}, .jumps = {}, .key_file = "/keys/one"}));
  login_.host.user = "ann";
  login_.host.port = 23;
  EXPECT_EQ(known().host, (KnownSshHop{"10.0.0.5", 23, "ann", {}})) << "another port, another sshd";
}

TEST_F(KnownLoginTest, TheSameAddressBehindAJumpIsAnotherMachine) {
  login_.jumps = {{.address = "gate", .port = 2222}};
  EXPECT_THAT(known().host.host_keys, ElementsAre(kSecond));
  EXPECT_EQ(known().jumps, std::vector{(KnownSshHop{"gate", 2222, "me", {kFirst}})});
}

TEST_F(KnownLoginTest, AGivenKeyComesBeforePinnedOnes) {
  login_.host.host_key = std::string(kSecond) + " comment";
  EXPECT_THAT(known().host.host_keys, ElementsAre(kSecond));
}

TEST_F(KnownLoginTest, AFingerprintIsLookedUp) {
  login_.host.host_key = parse_host_key(kFirst).value().fingerprint();
  EXPECT_THAT(known().host.host_keys, ElementsAre(kFirst));
  login_.host.host_key = parse_host_key(kSecond).value().fingerprint();
  EXPECT_THAT(known().host.host_keys, IsEmpty());
}

}  // namespace
}  // namespace bdaas
