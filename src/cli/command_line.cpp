#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

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

// ---- one verb's options, by CLI11 ----

struct Slot {
  std::string_view name;
  std::vector<std::string> values;
  CLI::Option* option = nullptr;
};

void declare(CLI::App& app, const Option& option, Slot& slot) {
  std::string names(option.name);
  if (option.letter != 0) names += fmt::format(",-{}", option.letter);
  slot.name = option.name;
  if (option.value.empty()) {
    slot.option = app.add_flag(names);
    return;
  }
  slot.option = app.add_option(names, slot.values)->allow_extra_args(false);
}

void declare(CLI::App& app, const Positional& positional, Slot& slot) {
  slot.name = positional.name;
  slot.option = app.add_option(std::string(positional.name), slot.values);
  if (positional.count == Count::many) {
    slot.option->expected(1, CLI::detail::expected_max_vector_size);
  } else {
    slot.option->expected(1);
  }
}

Error unknown_words(const Command& command, const Words& extras) {
  const std::string& word = extras.front();
  if (!word.starts_with('-')) {
    return bad_line("'{}' is one argument too many for `bdaas {}`", word, command.name());
  }
  std::vector<std::string_view> known = {kJson.name, "--help"};
  for (const auto& option : command.how.options) known.push_back(option.name);
  return bad_line("`bdaas {}` has no option {}{}", command.name(), word,
                  did_you_mean(word.substr(0, word.find('=')), known));
}

Result<> check_counts(const Command& command, std::span<const Slot> slots) {
  for (const auto& option : command.how.options) {
    const auto slot = std::find_if(slots.begin(), slots.end(),
                                   [&](const Slot& s) { return s.name == option.name; });
    if (!option.value.empty() && !option.repeated && slot->values.size() > 1) {
      return bad_line("{} is given {} times, and may be once", option.name, slot->values.size());
    }
  }
  for (const auto& positional : command.how.positionals) {
    const auto slot = std::find_if(slots.begin(), slots.end(),
                                   [&](const Slot& s) { return s.name == positional.name; });
    if (positional.count != Count::optional && slot->values.empty()) {
      return bad_line("`bdaas {}` needs {}: {}", command.name(), positional.name, positional.help);
    }
  }
  return {};
}

Result<Arguments> parse_with_cli11(const Command& command, Words words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<Slot> slots(command.how.options.size() + command.how.positionals.size() + 1);
  std::size_t next = 0;
  declare(app, kJson, slots[next++]);
  for (const auto& option : command.how.options) declare(app, option, slots[next++]);
  for (const auto& positional : command.how.positionals) declare(app, positional, slots[next++]);
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return bad_line("`bdaas {}`: {}", command.name(), error.what());
  }
  if (const auto extras = app.remaining(); !extras.empty()) return unknown_words(command, extras);
  BDAAS_TRY(check_counts(command, slots));
  Arguments arguments;
  for (auto& slot : slots) {
    if (slot.option->count() > 0) arguments.add(slot.name, std::move(slot.values));
  }
  return arguments;
}

Result<CommandLine> parse_verb(const Command& command, Words words) {
  const auto separator = std::find(words.begin(), words.end(), "--");
  if (std::any_of(words.begin(), separator, asks_for_help)) {
    return CommandLine{nullptr, {}, command_help(command)};
  }
  Words rest;
  if (command.how.takes_rest && separator != words.end()) {
    rest.assign(separator + 1, words.end());
    words.erase(separator, words.end());
  }
  BDAAS_ASSIGN(auto arguments, parse_with_cli11(command, std::move(words)));
  arguments.set_rest(std::move(rest));
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
