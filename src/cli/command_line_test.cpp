#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cli/commands.h"

namespace bdaas::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<CommandLine> parse(std::vector<std::string> words) {
  return parse_command_line(all_commands(), std::move(words));
}

std::string refusal(std::vector<std::string> words) {
  const auto parsed = parse(std::move(words));
  if (parsed.ok()) return "accepted";
  EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
  return parsed.error().message;
}

const Option& option_of(const Command& command, std::string_view name) {
  for (const auto& option : command.how.options) {
    if (option.name == name) return option;
  }
  ADD_FAILURE() << "no option " << name;
  return kJson;
}

TEST(CommandLine, FindsNounAndVerb) {
  const auto parsed = parse({"jobs", "list", "--json"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->command->name(), "jobs list");
  EXPECT_TRUE(parsed->arguments.has(kJson));
}

TEST(CommandLine, RunWithEverything) {
  const auto parsed = parse({"run", "wc.jar", "--class", "org.x.Wc", "--data", "a", "--data=more/",
                             "--set", "spark.x=[1,2] {y}", "--workers", "2", "--no-comet", "--",
                             "{input}", "--data", "-x", ""});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const auto& command = *parsed->command;
  const auto& arguments = parsed->arguments;
  EXPECT_EQ(arguments.text(Positional{"PROGRAM", ""}), "wc.jar");
  EXPECT_EQ(arguments.text(option_of(command, "--class")), "org.x.Wc");
  EXPECT_THAT(arguments.list(option_of(command, "--data")), ElementsAre("a", "more/"));
  EXPECT_THAT(arguments.list(option_of(command, "--set")), ElementsAre("spark.x=[1,2] {y}"));
  EXPECT_EQ(arguments.text(option_of(command, "--workers")), "2");
  EXPECT_TRUE(arguments.has(option_of(command, "--no-comet")));
  EXPECT_FALSE(arguments.has(option_of(command, "--keep")));
  EXPECT_THAT(arguments.rest(), ElementsAre("{input}", "--data", "-x", ""));
}

TEST(CommandLine, OddValuesArriveAsTheyAre) {
  const auto parsed = parse({"run", "[a].py", "--data", "with blank", "--data", "'q'", "--data",
                             "%%", "--name", "\"x\""});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->arguments.text(Positional{"PROGRAM", ""}), "[a].py");
  const auto& command = *parsed->command;
  EXPECT_THAT(parsed->arguments.list(option_of(command, "--data")),
              ElementsAre("with blank", "'q'", "%%"));
  EXPECT_EQ(parsed->arguments.text(option_of(command, "--name")), "\"x\"");
}

TEST(CommandLine, ShortOptionsAndManyPositionals) {
  const auto logs = parse({"steps", "logs", "s-1", "-f"});
  ASSERT_TRUE(logs.ok());
  EXPECT_TRUE(logs->arguments.has(option_of(*logs->command, "--follow")));
  const auto put = parse({"data", "put", "a", "b", "c"});
  ASSERT_TRUE(put.ok());
  EXPECT_THAT(put->arguments.list(Positional{"PATH", ""}), ElementsAre("a", "b", "c"));
}

TEST(CommandLine, AnyNumberOfPositionalsAndRepeatedLetters) {
  const Positional ports{"PORT", ""};
  const auto none = parse({"tunnel", "c-1"});
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_TRUE(none->arguments.list(ports).empty());
  const auto some = parse({"tunnel", "c-1", "a:1", "-L", "b:2", "c:3", "-L4:d:4"});
  ASSERT_TRUE(some.ok()) << some.error().message;
  EXPECT_THAT(some->arguments.list(ports), ElementsAre("a:1", "c:3"));
  EXPECT_THAT(some->arguments.list(option_of(*some->command, "--forward")),
              ElementsAre("b:2", "4:d:4"));
}

TEST(CommandLine, UnknownThingsGetTheNearestKnown) {
  EXPECT_THAT(refusal({"job", "list"}), HasSubstr("did you mean 'jobs'?"));
  EXPECT_THAT(refusal({"jobs", "lst"}), HasSubstr("did you mean 'list'?"));
  EXPECT_THAT(refusal({"jobs", "lst"}), HasSubstr("run-again"));
  EXPECT_THAT(refusal({"run", "a.py", "--worker", "3"}), HasSubstr("did you mean '--workers'?"));
  EXPECT_THAT(refusal({"run", "a.py", "--workerz=3"}), HasSubstr("did you mean '--workers'?"));
}

TEST(CommandLine, SaysWhatIsMissingOrTooMuch) {
  EXPECT_THAT(refusal({}), HasSubstr("a command is missing"));
  EXPECT_THAT(refusal({"jobs"}), HasSubstr("needs a verb: list, describe"));
  EXPECT_THAT(refusal({"run"}), HasSubstr("needs PROGRAM"));
  EXPECT_THAT(refusal({"data", "put"}), HasSubstr("needs PATH"));
  EXPECT_THAT(refusal({"jobs", "describe", "j-1", "j-2"}),
              HasSubstr("'j-2' is one argument too many"));
  EXPECT_THAT(refusal({"run", "a.py", "--workers", "1", "--workers", "2"}), HasSubstr("2 times"));
  EXPECT_THAT(refusal({"run", "a.py", "--workers"}), HasSubstr("--workers"));
  EXPECT_THAT(refusal({"jobs", "list", "--json=maybe"}), HasSubstr("json"));
}

TEST(CommandLine, HelpOnEachLevel) {
  EXPECT_THAT(parse({"-h"})->text, HasSubstr("bdaas COMMAND"));
  EXPECT_THAT(parse({"--help"})->text, HasSubstr("130"));
  EXPECT_THAT(parse({"clusters", "-h"})->text, HasSubstr("clusters resize"));
  EXPECT_THAT(parse({"run", "-h"})->text, HasSubstr("--data PATH"));
  EXPECT_THAT(parse({"run", "x.py", "--workers", "3", "--help"})->text, HasSubstr("Usage"));
  EXPECT_EQ(parse({"run", "x.py", "--", "-h"})->text, "");  // the program's own -h
  EXPECT_EQ(parse({"--version"})->command->name(), "version");
}

// ---- the table itself ----

TEST(Commands, RowsOfANounStandTogetherAndAreUnique) {
  std::set<std::string> names;
  std::set<std::string_view> nouns_done;
  std::string_view noun;
  for (const auto& command : all_commands()) {
    EXPECT_TRUE(names.insert(command.name()).second) << command.name();
    if (command.noun != noun) {
      EXPECT_TRUE(nouns_done.insert(command.noun).second) << command.noun;
      noun = command.noun;
    }
    EXPECT_NE(command.how.run, nullptr) << command.name();
    EXPECT_FALSE(command.summary.ends_with('.')) << command.name();
  }
}

TEST(Commands, OptionsAreWrittenOneWay) {
  for (const auto& command : all_commands()) {
    std::set<std::string_view> names = {"--json", "--help"};
    for (const auto& option : command.how.options) {
      EXPECT_TRUE(option.name.starts_with("--")) << option.name;
      EXPECT_TRUE(names.insert(option.name).second) << command.name() << " " << option.name;
      EXPECT_FALSE(option.help.empty()) << option.name;
      EXPECT_TRUE(!option.repeated || !option.value.empty()) << option.name;
    }
  }
}

}  // namespace
}  // namespace bdaas::cli
