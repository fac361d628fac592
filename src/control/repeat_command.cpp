#include "control/repeat_command.h"

#include <algorithm>

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

}  // namespace

std::string repeat_command(const Job& job, const Program& program,
                           const std::vector<DataSet>& data) {
  const JobSpec& spec = job.spec;
  std::vector<std::string> words = {"bdaas", "run", program.name};
  const auto add = [&](std::string option, std::string value) {
    words.push_back(std::move(option));
    words.push_back(std::move(value));
  };
  if (!spec.main_class.empty()) add("--class", spec.main_class);
  for (const auto& item : data) add("--data", item.name);
  if (spec.cluster) {
    add("--cluster", spec.cluster->text);
  } else {
    add("--workers", std::to_string(spec.place.workers));
    if (spec.place.provider != "local") add("--on", spec.place.provider);
    if (spec.place.scheduler == Scheduler::standalone) add("--master", "standalone");
    if (!spec.place.comet) words.push_back("--no-comet");
    if (spec.place.memory_mib > 0) add("--memory", fmt::format("{}m", spec.place.memory_mib));
    if (spec.place.cores > 0) add("--cores", std::to_string(spec.place.cores));
    for (const auto& [name, value] : spec.place.settings) add("--set", name + "=" + value);
    if (spec.keep) words.push_back("--keep");
  }
  if (spec.timeout_ms.count() > 0) add("--timeout", fmt::format("{}ms", spec.timeout_ms.count()));
  if (!spec.args.empty()) {
    words.push_back("--");
    words.insert(words.end(), spec.args.begin(), spec.args.end());
  }
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    line += quoted(word);
  }
  return line;
}

}  // namespace bdaas
