#include "transport/ssh/private_keys.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class PrivateKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!find_program("ssh-keygen")) GTEST_SKIP() << "ssh-keygen is not installed";
  }
  fs::path make_key(const std::string& name, const std::vector<std::string>& more) {
    const auto path = dir_.path() / name;
    Command command{.argv = {"ssh-keygen", "-q", "-f", path}};
    command.argv.insert(command.argv.end(), more.begin(), more.end());
    EXPECT_TRUE(run_checked(command).ok());
    return path;
  }
  std::string refusal(const fs::path& path) {
    const auto key = load_private_key(path);
    EXPECT_EQ(key.error().kind, ErrorKind::invalid_argument);
    return key.error().message;
  }
  TempDir dir_ = TempDir::make().value();
};

TEST_F(PrivateKeysTest, ReadsTheUsualKinds) {
  for (const auto* type : {"ed25519", "ecdsa", "rsa"}) {
    EXPECT_TRUE(load_private_key(make_key(type, {"-t", type, "-N", ""})).ok()) << type;
  }
  EXPECT_TRUE(load_private_key(make_key("pem", {"-t", "rsa", "-m", "PEM", "-N", ""})).ok());
}

TEST_F(PrivateKeysTest, RefusesWithTheReason) {
  EXPECT_THAT(refusal(dir_.path() / "absent"), HasSubstr("No such file"));
  EXPECT_THAT(refusal(dir_.path()), HasSubstr("no file"));
  EXPECT_THAT(refusal(make_key("locked", {"-t", "ed25519", "-N", "secret"})),
              HasSubstr("ssh-agent"));
  EXPECT_THAT(refusal(make_key("pem", {"-t", "rsa", "-m", "PEM", "-N", "secret"})),
              HasSubstr("passphrase"));
  const auto open = make_key("open", {"-t", "ed25519", "-N", ""});
  ASSERT_EQ(::chmod(open.c_str(), 0640), 0);
  EXPECT_THAT(refusal(open), HasSubstr("mode 0640"));
  const auto text = dir_.path() / "text";
  ASSERT_TRUE(write_file(text, "no key\n", 0600).ok());
  EXPECT_THAT(refusal(text), HasSubstr("no private key"));
}

TEST_F(PrivateKeysTest, TheUsualNamesAreTriedInOrder) {
  make_key("id_rsa", {"-t", "rsa", "-N", ""});
  make_key("id_ed25519", {"-t", "ed25519", "-N", ""});
  make_key("id_ecdsa", {"-t", "ecdsa", "-N", "secret"});
  const auto found = load_usual_keys(dir_.path());
  ASSERT_THAT(found.keys, SizeIs(2));
  EXPECT_EQ(found.keys[0].path.filename(), "id_ed25519");
  EXPECT_EQ(found.keys[1].path.filename(), "id_rsa");
  EXPECT_THAT(found.passed_over, ElementsAre(HasSubstr("id_ecdsa")));
}

}  // namespace
}  // namespace bdaas
