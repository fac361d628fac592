#pragma once
// What a verb is made of. The tables are constexpr; parser, help, completion and docs/cli.md read
// the same rows.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/exit_code.h"

namespace bdaas::cli {

class Session;

struct Option {
  std::string_view name;   // "--data"
  std::string_view value;  // "PATH"; empty: a switch
  std::string_view help;
  bool repeated = false;
  char letter = 0;  // 'f' for -f
};

enum class Count { one, optional, many, any };  // many: one or more

struct Positional {
  std::string_view name;  // "PROGRAM"
  std::string_view help;
  Count count = Count::one;
};

// What the user typed for one verb.
class Arguments {
 public:
  bool has(const Option& option) const { return values_of(option.name) != nullptr; }
  std::optional<std::string> text(const Option& option) const { return last_of(option.name); }
  std::vector<std::string> list(const Option& option) const { return all_of(option.name); }
  std::optional<std::string> text(const Positional& p) const { return last_of(p.name); }
  std::vector<std::string> list(const Positional& p) const { return all_of(p.name); }
  const std::string& at(const Positional& positional) const;      // of one that must be there
  const std::vector<std::string>& rest() const { return rest_; }  // after "--"

  void add(std::string_view name, std::vector<std::string> values) {
    values_[std::string(name)] = std::move(values);
  }
  void set_rest(std::vector<std::string> rest) { rest_ = std::move(rest); }

 private:
  const std::vector<std::string>* values_of(std::string_view name) const;
  std::optional<std::string> last_of(std::string_view name) const;
  std::vector<std::string> all_of(std::string_view name) const;

  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> rest_;
};

// What a verb takes and does; defined in commands/<noun>.cpp.
struct Verb {
  std::span<const Positional> positionals;
  std::span<const Option> options;
  Result<ExitCode> (*run)(Session& session, const Arguments& arguments) = nullptr;
  bool takes_rest = false;      // "-- ARGS…"
  std::string_view notes = {};  // under the options in the help
};

// A row of the table in commands.cpp.
struct Command {
  std::string_view group;  // heading in the help
  std::string_view noun;   // "jobs", or "run"
  std::string_view verb;   // "list"; empty: the noun is the verb
  std::string_view summary;
  const Verb& how;

  std::string name() const {
    return verb.empty() ? std::string(noun) : fmt::format("{} {}", noun, verb);
  }
};

// Every verb has it.
inline constexpr Option kJson{"--json", "", "JSON for programs instead of text for people"};

}  // namespace bdaas::cli
