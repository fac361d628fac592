#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/constant_time.h"
#include "base/files.h"
#include "base/hex.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

constexpr std::string_view kOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kOfAbc =  // FIPS 180-2, appendix B.1
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), kOfNothing);
  EXPECT_EQ(sha256_hex("abc"), kOfAbc);
}

TEST(Digest, KnowsSha1) {
  Digest digest(DigestKind::sha1);
  digest.update("abc");  // FIPS 180-2, appendix A.1
  EXPECT_EQ(digest.hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
  Sha256 digest;
  digest.update("a");
  digest.update("");
  Sha256 moved = std::move(digest);
  moved.update("bc");
  EXPECT_EQ(moved.hex(), kOfAbc);
}

TEST(Sha256, OfAFileLargerThanItsBuffer) {
  const auto dir = TempDir::make().value();
  const std::string content(1'000'001, 'q');
  ASSERT_TRUE(write_file(dir.path() / "x", content).ok());
  EXPECT_EQ(sha256_of_file(dir.path() / "x").value(), sha256_hex(content));
  EXPECT_EQ(sha256_of_file(dir.path() / "absent").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(sha256_of_file(dir.path()).ok());
}

TEST(Hmac, KnownAnswer) {  // RFC 4231, test case 2
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Base64, KnownAnswersBothWays) {  // RFC 4648, section 10
  const std::pair<std::string_view, std::string_view> pairs[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xfb\xff", "+/8="}};
  for (const auto& [bytes, text] : pairs) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text).value(), bytes);
  }
}

TEST(Base64, AllBytesSurvive) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
}

TEST(Base64, RefusesWhatIsNot) {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "Zm 9v", "Zm9v\n", "====", "Z===", "=Zg=", "Zg==Zg==", "Zm9_",
        "Zh==" /* bits behind the last byte */}) {
    EXPECT_FALSE(from_base64(text).ok()) << text;
  }
}

TEST(Compare, InConstantTime) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("token", "token"));
  EXPECT_FALSE(equal_in_constant_time("token", "tokem"));
  EXPECT_FALSE(equal_in_constant_time("token", "toke"));
}

}  // namespace
}  // namespace bdaas
