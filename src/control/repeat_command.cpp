#include "control/repeat_command.h"

#include <algorithm>
#include <regex>

namespace bdaas {

namespace {

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_-./:=,@%+").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

// spark.redaction.regex's default.
bool looks_secret(const std::string& setting) {
  static const std::regex kSecret("secret|password|token|access[.]?key", std::regex::icase);
  return std::regex_search(setting, kSecret);
}

// Of `--set NAME=VALUE` and `--set=NAME=VALUE`, before a `--`.
std::vector<std::string> without_secrets(std::vector<std::string> words) {
  constexpr std::string_view kSet = "--set";
  for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    const bool joined = words[i].starts_with("--set=");
    if (!joined && words[i - 1] != kSet) continue;
    const auto equals = words[i].find('=', joined ? kSet.size() + 1 : 0);
    if (equals != std::string::npos && looks_secret(words[i].substr(0, equals))) {
      words[i].replace(equals + 1, std::string::npos, "***");
    }
  }
  return words;
}

class Words {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}
  void add(std::string_view option) { words_.emplace_back(option); }
  void add(std::string_view option, std::string value) {
    words_.emplace_back(option);
    words_.push_back(std::move(value));
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_place(const ClusterSpec& place, Words& words) {
  const ClusterSpec usual;
  words.add("--workers", std::to_string(place.workers));
  if (place.provider != usual.provider) words.add("--on", place.provider);
  if (place.engine != usual.engine) words.add("--engine", place.engine);
  if (place.release != usual.release) words.add("--release", place.release);
  if (place.scheduler != usual.scheduler) {
    words.add("--master", std::string(to_text(place.scheduler)));
  }
  if (!place.comet) words.add("--no-comet");
  if (place.memory_mib > 0) words.add("--memory", fmt::format("{}m", place.memory_mib));
  if (place.cores > 0) words.add("--cores", std::to_string(place.cores));
}

std::vector<std::string> reconstructed(const JobSpec& spec, const Program& program) {
  Words words({"bdaas", "run", spec.program.text});
  if (!spec.name.empty() && spec.name != program.name) words.add("--name", spec.name);
  if (!spec.main_class.empty()) words.add("--class", spec.main_class);
  for (const auto& data : spec.data) words.add("--data", data.text);
  if (spec.cluster) {
    words.add("--cluster", spec.cluster->text);
  } else {
    add_place(spec.place, words);
    if (spec.keep) words.add("--keep");
  }
  for (const auto& [name, value] : spec.place.settings) words.add("--set", name + "=" + value);
  if (spec.timeout_ms.count() > 0) {
    words.add("--timeout", fmt::format("{}ms", spec.timeout_ms.count()));
  }
  if (!spec.args.empty()) words.add("--");
  for (const auto& arg : spec.args) words.add(arg);
  return words.take();
}

}  // namespace

std::string repeat_command(const JobSpec& spec, const Program& program) {
  std::string line;
  const auto words = spec.command.empty() ? reconstructed(spec, program) : spec.command;
  for (const auto& word : without_secrets(words)) {
    if (!line.empty()) line += ' ';
    line += quoted(word);
  }
  return line;
}

}  // namespace bdaas
