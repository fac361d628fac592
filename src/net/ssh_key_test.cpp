#include "net/ssh_key.h"

#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

TEST(SshKey, EveryKeyIsAnother) {
  const auto one = make_ssh_key("c-1").value();
  const auto other = make_ssh_key("c-1").value();
  EXPECT_NE(one.public_key, other.public_key);
  EXPECT_NE(one.private_key.reveal(), other.private_key.reveal());
  EXPECT_EQ(fmt::format("{}", one.private_key), "***");
}

TEST(SshKey, OpenSshReadsIt) {
  const auto dir = TempDir::make().value();
  // Comments of many lengths: the padding differs.
  for (const std::string comment : {"c", "c-1", "c-12345", "login@c-4k2m9x0p1qzr"}) {
    const auto key = make_ssh_key(comment).value();
    const auto file = dir.path() / comment;
    ASSERT_TRUE(write_file(file, key.private_key.reveal(), 0600));
    const auto read = run({.argv = {"ssh-keygen", "-y", "-f", file.native()}});
    if (!read.ok()) GTEST_SKIP() << "no ssh-keygen here: " << read.error().message;
    EXPECT_EQ(read->exit_code, 0) << read->err;
    EXPECT_EQ(read->out, key.public_key + "\n");
  }
}

TEST(SshKey, ALineIsAKeyOrNot) {
  const auto key = make_ssh_key("c-1").value().public_key;
  EXPECT_TRUE(is_ed25519_public_key(key));
  EXPECT_TRUE(is_ed25519_public_key(key.substr(0, key.rfind(' '))));
  for (const std::string& line :
       {std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 AAAA"), key + "\n",
        key + " more", key + "'", "ssh-rsa" + key.substr(11), key.substr(0, 40), " " + key,
        std::string("ssh-ed25519 $(id)")}) {
    EXPECT_FALSE(is_ed25519_public_key(line)) << line;
  }
}

}  // namespace
}  // namespace bdaas
