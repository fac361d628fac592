#include "cli/completion.h"

#include <algorithm>

namespace bdaas::cli {

namespace {

// Nouns, then the verbs of each noun, then the options of each verb; everything else is a file
// name.
constexpr std::string_view kHead = R"(# bash completion for bdaas
_bdaas() {
  local word=${COMP_WORDS[COMP_CWORD]} noun=${COMP_WORDS[1]} verb=${COMP_WORDS[2]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=")";

constexpr std::string_view kVerbs = R"("
  elif [ "$COMP_CWORD" -eq 2 ]; then
    case $noun in
)";

constexpr std::string_view kOptions = R"(    esac
  fi
  if [ -z "$words" ] && [[ $word == -* ]]; then
    case "$noun $verb" in
)";

constexpr std::string_view kTail = R"(    esac
  fi
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
    compopt -o filenames
  fi
}
complete -F _bdaas bdaas
)";

std::string option_words(const Command& command) {
  std::string words;
  for (const auto& option : command.how.options) words += fmt::format("{} ", option.name);
  return words + std::string(kJson.name) + " --help";
}

}  // namespace

std::string bash_completion(std::span<const Command> commands) {
  std::vector<std::string_view> nouns;
  for (const auto& command : commands) {
    if (std::find(nouns.begin(), nouns.end(), command.noun) == nouns.end()) {
      nouns.push_back(command.noun);
    }
  }
  std::string text(kHead);
  for (const auto noun : nouns) text += fmt::format("{}{}", noun == nouns.front() ? "" : " ", noun);
  text += kVerbs;
  for (const auto noun : nouns) {
    std::string verbs;
    for (const auto& command : commands) {
      if (command.noun != noun || command.verb.empty()) continue;
      verbs += fmt::format("{}{}", verbs.empty() ? "" : " ", command.verb);
    }
    if (!verbs.empty()) text += fmt::format("      {}) words=\"{}\" ;;\n", noun, verbs);
  }
  text += kOptions;
  for (const auto& command : commands) {
    const auto pattern = command.verb.empty() ? fmt::format("\"{} \"*", command.noun)
                                              : fmt::format("\"{}\"", command.name());
    text += fmt::format("      {}) words=\"{}\" ;;\n", pattern, option_words(command));
  }
  return text + std::string(kTail);
}

}  // namespace bdaas::cli
