#include "control/validate.h"

#include <algorithm>

#include "base/nearest.h"
#include "base/utf8.h"

namespace bdaas {

namespace {

Result<> check_choice(std::string_view field, const std::string& value,
                      const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return {};
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::string choices;
  for (const auto& name : known) choices += (choices.empty() ? "" : ", ") + name;
  return fail(ErrorKind::invalid_argument, "{} '{}' is unknown; there is {}{}", field, value,
              choices, did_you_mean(value, names));
}

Result<> check_hosts(const ClusterSpec& spec) {
  const auto given = static_cast<std::int64_t>(spec.hosts.size());
  if (spec.provider != "ssh") {
    if (given == 0) return {};
    return fail(ErrorKind::invalid_argument, "hosts: they go with provider ssh only");
  }
  if (given <= spec.workers) {
    return fail(ErrorKind::invalid_argument,
                "hosts: a master and {} {} need {} hosts, and {} {} named", spec.workers,
                spec.workers == 1 ? "worker" : "workers", spec.workers + 1, given,
                given == 1 ? "is" : "are");
  }
  for (const auto& host : spec.hosts) {
    BDAAS_TRY(check_name("hosts: address", host.login.host.address, 255));
    BDAAS_TRY(check_name("hosts: user", host.login.host.user));
    BDAAS_TRY(check_name("hosts: dir", host.dir, 1'024));
    const bool absolute = host.dir.empty() || host.dir.starts_with('/');
    if (host.login.host.address.empty() || !absolute || host.dir != spec.hosts.front().dir) {
      return fail(ErrorKind::invalid_argument,
                  "hosts: each has an address, and all the same 'dir', which begins with /");
    }
  }
  return {};
}

}  // namespace

Result<> check_name(std::string_view field, const std::string& name, std::size_t bytes_max) {
  if (name.size() > bytes_max) {
    return fail(ErrorKind::invalid_argument, "{}: {} bytes long; at most {} are allowed", field,
                name.size(), bytes_max);
  }
  const bool control =
      std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control || !is_utf8(name)) {
    return fail(ErrorKind::invalid_argument,
                "{}: not plain text; use UTF-8 without control characters", field);
  }
  return {};
}

Result<> check_timeout(Millis timeout) {
  if (timeout.count() >= 0 && timeout <= std::chrono::hours(24 * 365)) return {};
  return fail(ErrorKind::invalid_argument, "timeout_ms: {} is not between 0 and a year",
              timeout.count());
}

Result<> check_cluster_spec(const ClusterSpec& spec, const std::vector<std::string>& providers,
                            const std::vector<std::string>& engines,
                            const std::vector<std::string>& releases) {
  if (spec.workers < 1 || spec.workers > kWorkersMax) {
    return fail(ErrorKind::invalid_argument, "workers: {} is not between 1 and {}", spec.workers,
                kWorkersMax);
  }
  BDAAS_TRY(check_name("name", spec.name));
  BDAAS_TRY(check_choice("provider", spec.provider, providers));
  BDAAS_TRY(check_choice("engine", spec.engine, engines));
  BDAAS_TRY(check_choice("release", spec.release, releases));
  BDAAS_TRY(check_hosts(spec));
  constexpr std::int64_t kMemoryMax = 1ll << 30;
  if (spec.memory_mib < 0 || spec.memory_mib > kMemoryMax || spec.cores < 0 ||
      spec.cores > 1'000'000) {
    return fail(ErrorKind::invalid_argument,
                "memory_mib and cores: {} and {} are not possible; 0 means what is free",
                spec.memory_mib, spec.cores);
  }
  const Millis idle = spec.idle_timeout_ms;
  if (idle.count() < 0 || idle > std::chrono::hours(24 * 365)) {
    return fail(ErrorKind::invalid_argument, "idle_timeout_ms: {} is not between 0 and a year",
                idle.count());
  }
  const Millis start = spec.start_timeout_ms;
  if (start < std::chrono::seconds(1) || start > std::chrono::hours(24)) {
    return fail(ErrorKind::invalid_argument,
                "start_timeout_ms: {} is not between a second and a day", start.count());
  }
  return {};
}

Result<std::string> choose_main_class(const Program& program, const std::string& wanted) {
  if (program.kind == ProgramKind::python) {
    if (wanted.empty()) return std::string();
    return fail(ErrorKind::invalid_argument, "{} is a Python program; leave the main class out",
                program.name);
  }
  const auto& known = program.main_classes;
  if (wanted.empty()) {
    if (known.size() == 1) return known.front();
    if (known.empty()) {
      return fail(ErrorKind::invalid_argument,
                  "{} has no class with a main method; is it the right jar?", program.name);
    }
    std::string names;
    for (std::size_t i = 0; i < known.size() && i < 8; ++i) {
      names += (names.empty() ? "" : ", ") + known[i];
    }
    return fail(ErrorKind::invalid_argument, "{} has {} main classes; name one with --class: {}{}",
                program.name, known.size(), names, known.size() > 8 ? ", …" : "");
  }
  if (std::find(known.begin(), known.end(), wanted) != known.end()) return wanted;
  const std::vector<std::string_view> names(known.begin(), known.end());
  return fail(ErrorKind::invalid_argument, "class {} with a main method is not in {}{}", wanted,
              program.name, did_you_mean(wanted, names));
}

}  // namespace bdaas
