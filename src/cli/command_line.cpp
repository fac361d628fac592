#include "cli/command_line.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/nearest.h"
#include "cli/help.h"

namespace bdaas::cli {

namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kHelpHint = "`bdaas -h` lists them";

bool asks_for_help(const std::string& word) { return word == "-h" || word == "--help"; }

template <class... Args>
Error bad_line(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid_argument, format, std::forward<Args>(args)...);
}

std::vector<std::string_view> nouns_of(std::span<const Command> commands) {
  std::vector<std::string_view> nouns;
  for (const auto& command : commands) {
    if (nouns.empty() || nouns.back() != command.noun) nouns.push_back(command.noun);
  }
  return nouns;
}

std::vector<std::string_view> verbs_of(std::span<const Command> commands, std::string_view noun) {
  std::vector<std::string_view> verbs;
  for (const auto& command : commands) {
    if (command.noun == noun) verbs.push_back(command.verb);
  }
  return verbs;
}

const Command* find(std::span<const Command> commands, std::string_view noun,
                    std::string_view verb) {
  for (const auto& command : commands) {
    if (command.noun == noun && command.verb == verb) return &command;
  }
  return nullptr;
}

// ---- one verb's options, by CLI11; what is left over are its positionals ----

struct Slot {
  const Option* option = nullptr;
  CLI::Option* parsed = nullptr;
  std::vector<std::string> values;
};

void declare(CLI::App& app, const Option& option, Slot& slot) {
  std::string names(option.name);
  if (option.letter != 0) names += fmt::format(",-{}", option.letter);
  slot.option = &option;
  if (option.value.empty()) {
    slot.parsed = app.add_flag(names);
  } else {
    slot.parsed = app.add_option(names, slot.values)->allow_extra_args(false);
  }
}

Result<> check_slot(const Slot& slot) {
  const auto& option = *slot.option;
  if (option.value.empty()) {
    for (const auto& value : slot.parsed->results()) {
      if (value != "true") return bad_line("{} takes no value, and got '{}'", option.name, value);
    }
  } else if (!option.repeated && slot.values.size() > 1) {
    return bad_line("{} is given {} times, and may be once", option.name, slot.values.size());
  }
  return {};
}

Result<> refuse_unknown_options(const Command& command, const Words& left_over) {
  std::vector<std::string_view> known = {kJson.name, "--help"};
  for (const auto& option : command.how.options) known.push_back(option.name);
  for (const auto& word : left_over) {
    if (word.size() < 2 || word[0] != '-') continue;
    return bad_line("`bdaas {}` has no option {}{}", command.name(), word,
                    did_you_mean(word.substr(0, word.find('=')), known));
  }
  return {};
}

Result<> take_positionals(const Command& command, Words words, Arguments& arguments) {
  auto next = words.begin();
  for (const auto& positional : command.how.positionals) {
    if (next == words.end()) {
      if (positional.count == Count::optional || positional.count == Count::any) continue;
      return bad_line("`bdaas {}` needs {}: {}", command.name(), positional.name, positional.help);
    }
    const bool takes_all = positional.count == Count::many || positional.count == Count::any;
    const auto end = takes_all ? words.end() : next + 1;
    arguments.add(positional.name, Words(next, end));
    next = end;
  }
  if (next == words.end()) return {};
  return bad_line("'{}' is one argument too many for `bdaas {}`", *next, command.name());
}

Result<Arguments> parse_words(const Command& command, Words words, const Words& plain) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<Slot> slots(command.how.options.size() + 1);
  declare(app, kJson, slots.back());
  for (std::size_t i = 0; i + 1 < slots.size(); ++i) declare(app, command.how.options[i], slots[i]);
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return bad_line("`bdaas {}`: {}", command.name(), error.what());
  }
  Words positionals = app.remaining();
  BDAAS_TRY(refuse_unknown_options(command, positionals));
  positionals.insert(positionals.end(), plain.begin(), plain.end());
  Arguments arguments;
  BDAAS_TRY(take_positionals(command, std::move(positionals), arguments));
  for (auto& slot : slots) {
    BDAAS_TRY(check_slot(slot));
    if (slot.parsed->count() > 0) arguments.add(slot.option->name, std::move(slot.values));
  }
  return arguments;
}

Result<CommandLine> parse_verb(const Command& command, Words words) {
  const auto separator = std::find(words.begin(), words.end(), "--");
  if (std::any_of(words.begin(), separator, asks_for_help)) {
    return CommandLine{nullptr, {}, command_help(command)};
  }
  Words rest;  // after "--" nothing is an option
  if (separator != words.end()) rest.assign(separator + 1, words.end());
  words.erase(separator, words.end());
  BDAAS_ASSIGN(auto arguments,
               parse_words(command, std::move(words), command.how.takes_rest ? Words{} : rest));
  if (command.how.takes_rest) arguments.set_rest(std::move(rest));
  return CommandLine{&command, std::move(arguments), {}};
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const Command> commands, Words words) {
  if (!words.empty() && words[0] == "--version") words[0] = "version";
  if (words.empty()) return bad_line("a command is missing; {}", kHelpHint);
  if (asks_for_help(words[0])) return CommandLine{nullptr, {}, overview_help(commands)};
  const std::string noun = words[0];
  words.erase(words.begin());
  const auto verbs = verbs_of(commands, noun);
  if (verbs.empty()) {
    return bad_line("there is no command '{}'{}; {}", noun, did_you_mean(noun, nouns_of(commands)),
                    kHelpHint);
  }
  if (const auto* command = find(commands, noun, "")) return parse_verb(*command, std::move(words));
  if (words.empty()) {
    return bad_line("`bdaas {}` needs a verb: {}", noun, fmt::join(verbs, ", "));
  }
  if (asks_for_help(words[0])) return CommandLine{nullptr, {}, noun_help(commands, noun)};
  const auto* command = find(commands, noun, words[0]);
  if (command == nullptr) {
    return bad_line("`bdaas {}` has no verb '{}'{}; it has {}", noun, words[0],
                    did_you_mean(words[0], verbs), fmt::join(verbs, ", "));
  }
  words.erase(words.begin());
  return parse_verb(*command, std::move(words));
}

}  // namespace bdaas::cli
