#include "base/ini.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(ParseIni, ReadsWhatAwsWrites) {
  const auto ini = parse_ini(
                       "# of mine\n"
                       "[default]\r\n"
                       "aws_access_key_id = AKIA1 ; a remark\n"
                       "aws_secret_access_key=a/b+c==\n"
                       "\n"
                       "[profile  build]\n"
                       "region\t=\teu-west-3\n"
                       "s3 =\n"
                       "  max_concurrent_requests = 20\n"
                       "odd = a#b;c\n"
                       "[default]\n"
                       "region = us-east-1")
                       .value();
  EXPECT_EQ(ini.at("default").at("aws_access_key_id"), "AKIA1");
  EXPECT_EQ(ini.at("default").at("aws_secret_access_key"), "a/b+c==");
  EXPECT_EQ(ini.at("default").at("region"), "us-east-1");
  EXPECT_EQ(ini.at("profile  build").at("region"), "eu-west-3");
  EXPECT_EQ(ini.at("profile  build").at("s3"), "");
  EXPECT_EQ(ini.at("profile  build").at("odd"), "a#b;c");
  EXPECT_FALSE(ini.at("profile  build").contains("max_concurrent_requests"));
}

TEST(ParseIni, NothingIsNothing) {
  EXPECT_THAT(parse_ini("").value(), IsEmpty());
  EXPECT_THAT(parse_ini("\n\n ;\n").value(), IsEmpty());
}

TEST(ParseIni, NonsenseIsRefusedWithoutBeingShown) {
  for (const std::string_view text : {"[default]\nAKIASECRET", "[AKIASECRET", "= AKIASECRET"}) {
    const auto ini = parse_ini(text);
    ASSERT_FALSE(ini.ok()) << text;
    EXPECT_THAT(ini.error().message, HasSubstr("line "));
    EXPECT_THAT(ini.error().message, Not(HasSubstr("SECRET")));
  }
}

}  // namespace
}  // namespace bdaas
