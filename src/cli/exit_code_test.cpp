#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include <set>

namespace bdaas::cli {
namespace {

TEST(ExitCode, NumbersAreThePromisedOnes) {
  std::set<int> codes;
  for (const auto& row : kExitCodes) codes.insert(static_cast<int>(row.code));
  EXPECT_EQ(codes, (std::set<int>{0, 1, 2, 3, 4, 5, 124, 130}));
}

TEST(ExitCode, OfAnError) {
  EXPECT_EQ(exit_code_of(ErrorKind::invalid_argument), ExitCode::bad_input);
  EXPECT_EQ(exit_code_of(ErrorKind::conflict), ExitCode::bad_input);
  EXPECT_EQ(exit_code_of(ErrorKind::not_found), ExitCode::not_found);
  EXPECT_EQ(exit_code_of(ErrorKind::resource_exhausted), ExitCode::no_resources);
  EXPECT_EQ(exit_code_of(ErrorKind::unavailable), ExitCode::manager_failed);
  EXPECT_EQ(exit_code_of(ErrorKind::deadline_exceeded), ExitCode::timed_out);
  EXPECT_EQ(exit_code_of(ErrorKind::cancelled), ExitCode::cancelled);
}

TEST(ExitCode, OfAFailedJob) {
  EXPECT_EQ(exit_code_of(Reason::program_failed), ExitCode::failed);
  EXPECT_EQ(exit_code_of(Reason::timed_out), ExitCode::timed_out);
  EXPECT_EQ(exit_code_of(Reason::out_of_disk), ExitCode::no_resources);
  EXPECT_EQ(exit_code_of(Reason::node_lost), ExitCode::manager_failed);
}

}  // namespace
}  // namespace bdaas::cli
