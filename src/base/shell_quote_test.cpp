#include "base/shell_quote.h"

#include <gtest/gtest.h>

#include "base/subprocess.h"

namespace bdaas {
namespace {

TEST(ShellQuote, QuotesEveryArgument) {
  EXPECT_EQ(shell_quote({}), "");
  EXPECT_EQ(shell_quote({"ls"}), "'ls'");
  EXPECT_EQ(shell_quote({"a b", "", "it's"}), R"('a b' '' 'it'\''s')");
  EXPECT_EQ(shell_quote({"''"}), R"(''\'''\''')");
}

TEST(ShellQuote, AShellReadsItBackUnchanged) {
  const std::vector<std::string> argv{
      "",   "$HOME `id` $(id)", "a\nb\n",    "\\n \\", "!x;|&<>*?[", "ä€😀", "~",
      "-n", "\"'\"'",           "\t\x01\xff"};
  const auto done = run({.argv = {"sh", "-c", "printf '%s\\0' " + shell_quote(argv)}}).value();
  std::string expected;
  for (const auto& argument : argv) expected += argument + std::string(1, '\0');
  EXPECT_EQ(done.out, expected);
}

}  // namespace
}  // namespace bdaas
