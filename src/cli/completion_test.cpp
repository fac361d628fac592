#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "cli/commands.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a bash that sourced our script offers for these words; the last one is being typed.
std::string offered(const std::string& words, int cursor) {
  const auto dir = TempDir::make().value();
  const auto script = bash_completion(all_commands()) + "compopt() { :; }\nCOMP_WORDS=(" + words +
                      ")\nCOMP_CWORD=" + std::to_string(cursor) +
                      "\n_bdaas\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  EXPECT_TRUE(write_file(dir.path() / "script", script).ok());
  EXPECT_TRUE(write_file(dir.path() / "some.py", "x").ok());
  bdaas::Command command;
  command.argv = {"bash", (dir.path() / "script").native()};
  command.working_dir = dir.path().native();
  const auto done = run_checked(command);
  EXPECT_TRUE(done.ok()) << done.error().message;
  return done ? "\n" + done->out : "";
}

TEST(Completion, OffersNouns) {
  const auto words = offered("bdaas ''", 1);
  EXPECT_THAT(words, HasSubstr("\njobs\n"));
  EXPECT_THAT(words, HasSubstr("\nrun\n"));
  EXPECT_EQ(offered("bdaas cl", 1), "\nclusters\n");
}

TEST(Completion, OffersVerbsOfTheNoun) {
  const auto words = offered("bdaas clusters ''", 2);
  EXPECT_THAT(words, HasSubstr("\nresize\n"));
  EXPECT_THAT(words, Not(HasSubstr("cancel")));
}

TEST(Completion, OffersOptionsOfTheVerb) {
  EXPECT_EQ(offered("bdaas run a.py --wor", 3), "\n--workers\n");
  EXPECT_EQ(offered("bdaas steps logs --fol", 3), "\n--follow\n");
  EXPECT_EQ(offered("bdaas doctor --js", 2), "\n--json\n");
  EXPECT_EQ(offered("bdaas tunnel c-1 --so", 3), "\n--socks\n");
}

TEST(Completion, OffersFilesOtherwise) {
  EXPECT_EQ(offered("bdaas run so", 2), "\nsome.py\n");
  EXPECT_EQ(offered("bdaas run a.py --data so", 4), "\nsome.py\n");
}

}  // namespace
}  // namespace bdaas::cli
