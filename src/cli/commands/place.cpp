#include "cli/commands/place.h"

#include "base/nearest.h"
#include "cli/hosts_file.h"
#include "cli/units.h"

namespace bdaas::cli {

namespace {

constexpr std::int64_t kWorkersMax = 1000;
constexpr std::int64_t kCoresMax = 100'000;

// One of a few words.
Result<> check_choice(const Option& option, std::string_view text,
                      const std::vector<std::string_view>& choices) {
  std::string known;
  for (const auto choice : choices) {
    if (choice == text) return {};
    known += known.empty() ? "" : ", ";
    known += choice;
  }
  return fail(ErrorKind::invalid_argument, "{}: '{}' is none of {}{}", option.name, text, known,
              did_you_mean(text, choices));
}

Result<> read_choice(const Arguments& arguments, const Option& option,
                     const std::vector<std::string_view>& choices, std::string& target) {
  const auto text = arguments.text(option);
  if (!text) return {};
  BDAAS_TRY(check_choice(option, *text, choices));
  target = *text;
  return {};
}

// Names of hosts alone mean that they are to be used.
Result<> take_hosts(const Arguments& arguments, ClusterSpec& spec) {
  const auto file = arguments.text(kHosts);
  if (!file) {
    if (spec.provider != "ssh") return {};
    return fail(ErrorKind::invalid_argument,
                "--on ssh: say which hosts with --hosts FILE; docs/ssh.md shows one");
  }
  if (!arguments.has(kOn)) spec.provider = "ssh";
  if (spec.provider != "ssh") {
    return fail(ErrorKind::invalid_argument, "--hosts: goes with --on ssh only");
  }
  BDAAS_ASSIGN(spec.hosts, read_hosts(*file));
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> read_settings(const Arguments& arguments) {
  std::map<std::string, std::string> settings;
  for (const auto& text : arguments.list(kSet)) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::invalid_argument,
                  "--set: '{}' is not NAME=VALUE; write it like spark.sql.shuffle.partitions=6",
                  text);
    }
    const auto name = text.substr(0, equals);
    if (!settings.emplace(name, text.substr(equals + 1)).second) {
      return fail(ErrorKind::invalid_argument, "--set: '{}' is given twice", name);
    }
  }
  return settings;
}

Result<Millis> read_duration(const Arguments& arguments, const Option& option) {
  const auto text = arguments.text(option);
  if (!text) return Millis{0};
  return parse_duration(*text).context(option.name);
}

Result<ClusterSpec> read_place(const Arguments& arguments) {
  ClusterSpec spec;
  if (const auto text = arguments.text(kWorkers)) {
    BDAAS_ASSIGN(spec.workers, parse_integer(*text, 1, kWorkersMax).context(kWorkers.name));
  }
  if (const auto text = arguments.text(kMemory)) {
    BDAAS_ASSIGN(spec.memory_mib, parse_memory_mib(*text).context(kMemory.name));
  }
  if (const auto text = arguments.text(kCores)) {
    BDAAS_ASSIGN(spec.cores, parse_integer(*text, 1, kCoresMax).context(kCores.name));
  }
  BDAAS_TRY(read_choice(arguments, kOn, {"local", "ssh", "fake"}, spec.provider));
  BDAAS_TRY(take_hosts(arguments, spec));
  if (spec.provider == "fake") spec.engine = "fake";  // its machines run no JVM
  BDAAS_TRY(read_choice(arguments, kEngine, {"spark", "fake"}, spec.engine));
  std::string scheduler(to_text(spec.scheduler));
  BDAAS_TRY(read_choice(arguments, kMaster, {"yarn", "standalone"}, scheduler));
  spec.scheduler = from_text<Scheduler>(scheduler).value();
  if (const auto text = arguments.text(kRelease)) spec.release = *text;
  spec.comet = !arguments.has(kNoComet);
  BDAAS_ASSIGN(spec.settings, read_settings(arguments));
  return spec;
}

}  // namespace bdaas::cli
