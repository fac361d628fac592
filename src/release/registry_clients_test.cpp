#include "release/registry_clients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas {
namespace {

using testing::HasSubstr;

struct Case {
  std::string_view output;
  ErrorKind kind;
  std::string_view message;
};

TEST(MavenFailure, IsExplained) {
  const Case cases[] = {
      {"[INFO] x\n[ERROR] Could not transfer artifact g:a:pom:1 from/to central: Unknown host r\n",
       ErrorKind::unavailable, "settings.xml"},
      {"[ERROR] Failed: Could not find artifact g:a:jar:1 in central\n", ErrorKind::not_found,
       "g:a:jar:1"},
      {"[ERROR] The JAVA_HOME environment variable is not defined\n",
       ErrorKind::failed_precondition, "JAVA_HOME"}};
  for (const auto& [output, kind, message] : cases) {
    const auto error = explain_maven_failure(output);
    EXPECT_EQ(error.kind, kind) << output;
    EXPECT_THAT(error.message, HasSubstr(std::string(message)));
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
  }
}

TEST(PipFailure, IsExplained) {
  const Case cases[] = {
      {"WARNING: Retrying (Retry(total=0, …\nERROR: No matching distribution found for p==1\n",
       ErrorKind::unavailable, "pip.conf"},
      {"ERROR: No matching distribution found for p==1\n", ErrorKind::not_found, "p==1"},
      {"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n    p==1 from index\n", ErrorKind::corrupted,
       "p==1"},
      {"/usr/bin/python3: No module named pip\n", ErrorKind::failed_precondition,
       "apt-get install python3-pip"}};
  for (const auto& [output, kind, message] : cases) {
    const auto error = explain_pip_failure(output);
    EXPECT_EQ(error.kind, kind) << output;
    EXPECT_THAT(error.message, HasSubstr(std::string(message)));
  }
}

}  // namespace
}  // namespace bdaas
