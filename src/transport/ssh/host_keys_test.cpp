#include "transport/ssh/host_keys.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Made by ssh-keygen for this test, as are their fingerprints.
constexpr const char* kEd25519 =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINf0eWkPBh5Cpi6zHoagK5cswmcLZs5uIX6z4MliXBfn";
constexpr const char* kEd25519Print = "SHA256:rdAtXth/l1vwM21GXraKknIbURDzRRdHE0I6Otiw0T8";
constexpr const char* kEcdsa =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOFwzOeS"
    "nocusxFUOSIPGpcTUUfh1+wKvnDyooV9zvLnx+KnTnk6d+Zi2RxCgGNTQO9NJYuqYRfSV0VOTcdXhT4=";

TEST(HostKey, ParsesAndPrints) {
  const auto key = parse_host_key(std::string(kEd25519) + " some comment\n").value();
  EXPECT_EQ(key.type, "ssh-ed25519");
  EXPECT_EQ(key.fingerprint(), kEd25519Print);
  EXPECT_EQ(parse_host_key(kEcdsa).value().type, "ecdsa-sha2-nistp256");
}

TEST(HostKey, RefusesWhatIsNone) {
  for (const auto* text : {"", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAC3Nz",
                           "ssh-ed25519 //////////8=", "ssh-ed25519 &&&&"}) {
    EXPECT_EQ(parse_host_key(text).error().kind, ErrorKind::invalid_argument) << text;
  }
  const auto other_type = "ssh-rsa" + std::string(kEd25519).substr(11);
  EXPECT_FALSE(parse_host_key(other_type).ok());
}

TEST(HostKey, IsComparedWithKeyOrFingerprint) {
  const auto key = parse_host_key(kEd25519).value();
  EXPECT_TRUE(check_host_key(kEd25519, key).ok());
  EXPECT_TRUE(check_host_key(kEd25519Print, key).ok());
  EXPECT_TRUE(check_host_key(std::string(kEd25519Print) + "=", key).ok());
  const auto refused = check_host_key(kEcdsa, key);
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
  EXPECT_THAT(refused.error().message, HasSubstr(key.fingerprint()));
  EXPECT_THAT(refused.error().message, HasSubstr(parse_host_key(kEcdsa).value().fingerprint()));
  EXPECT_EQ(check_host_key("nonsense", key).error().kind, ErrorKind::invalid_argument);
}

TEST(HostKey, TypesOfKnownKeysComeFirst) {
  EXPECT_THAT(host_key_algorithms({}), StartsWith("ssh-ed25519,"));
  EXPECT_THAT(host_key_algorithms({parse_host_key(kEcdsa).value()}),
              StartsWith("ecdsa-sha2-nistp256,ssh-ed25519,"));
  EXPECT_THAT(host_key_algorithms({{"ssh-rsa", ""}}), StartsWith("rsa-sha2-512,rsa-sha2-256,ssh"));
}

class KnownHostsTest : public testing::Test {
 protected:
  TempDir dir_ = TempDir::make().value();
  fs::path path_ = dir_.path() / "below" / "known_hosts";
  KnownHosts known_{path_};
  HostKey first_ = parse_host_key(kEd25519).value();
  HostKey second_ = parse_host_key(kEcdsa).value();
};

TEST_F(KnownHostsTest, PinsTheFirstKeyOfAHost) {
  EXPECT_THAT(known_.find("[a]:22").value(), IsEmpty());
  ASSERT_TRUE(known_.accept("[a]:22", first_).ok());
  EXPECT_THAT(known_.find("[a]:22").value(), ElementsAre(first_));
  EXPECT_TRUE(known_.accept("[a]:22", first_).ok());
  ASSERT_TRUE(known_.accept("[a]:23", second_).ok());
  EXPECT_EQ(read_file(path_).value(),
            "[a]:22 " + std::string(kEd25519) + "\n[a]:23 " + kEcdsa + "\n");
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(KnownHostsTest, RefusesAnotherKeyAndSaysWhatToDo) {
  ASSERT_TRUE(make_directory(path_.parent_path()).ok());
  ASSERT_TRUE(write_file(path_, "# mine\n[b]:1 " + std::string(kEd25519)).ok());
  const auto refused = known_.accept("[b]:1", second_);
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
  EXPECT_THAT(refused.error().message, HasSubstr(first_.fingerprint()));
  EXPECT_THAT(refused.error().message, HasSubstr(second_.fingerprint()));
  EXPECT_THAT(refused.error().message, HasSubstr("remove line 2 of '" + path_.native()));
  ASSERT_TRUE(known_.accept("[c]:1", second_).ok());  // behind the line without an end
  EXPECT_THAT(known_.find("[b]:1").value(), ElementsAre(first_));
}

TEST_F(KnownHostsTest, NotesAKeyThatWasCheckedOnce) {
  ASSERT_TRUE(known_.accept("a", first_).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(known_.note("a", second_).ok());
  EXPECT_THAT(known_.find("a").value(), ElementsAre(first_, second_));
  EXPECT_TRUE(known_.accept("a", second_).ok());
  EXPECT_EQ(known_.all().value(),
            (std::multimap<std::string, HostKey>{{"a", first_}, {"a", second_}}));
}

}  // namespace
}  // namespace bdaas
