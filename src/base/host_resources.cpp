#include "base/host_resources.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/files.h"

namespace bdaas {

namespace {

constexpr std::int64_t kMib = 1024 * 1024;

// The whole number at the front of text, after blanks.
std::optional<std::int64_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// The number behind `key` at the beginning of a line.
std::optional<std::int64_t> value_of(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return number_at(text.substr(at + key.size()));
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_in(const fs::path& file) {
  const auto text = read_file(file);
  return text ? number_at(*text) : std::nullopt;
}

// Our place in the v2 hierarchy, from the line "0::/path"; the root when there is none.
fs::path own_cgroup(const KernelFiles& files) {
  const auto text = read_file(files.proc / "self/cgroup").value_or("");
  const std::size_t at = text.starts_with("0::/") ? 0 : text.find("\n0::/");
  if (at == text.npos) return files.cgroup;
  const std::size_t begin = text.find("0::/", at) + 4;
  return files.cgroup / text.substr(begin, text.find('\n', begin) - begin);
}

// A level without a limit says "max", the root has no such files: both change nothing.
void limit_memory(const fs::path& level, HostResources& host) {
  const auto limit = number_in(level / "memory.max");
  if (!limit) return;
  const auto used = number_in(level / "memory.current").value_or(0);
  const auto stat = read_file(level / "memory.stat").value_or("");
  const auto reclaimable = value_of(stat, "inactive_file ").value_or(0);
  const std::int64_t free = std::max<std::int64_t>(0, *limit - (used - reclaimable));
  host.memory_total_mib = std::min(host.memory_total_mib, *limit / kMib);
  host.memory_free_mib = std::min(host.memory_free_mib, free / kMib);
}

void limit_cores(const fs::path& level, HostResources& host) {
  const auto text = read_file(level / "cpu.max").value_or("");
  const auto quota = number_at(text);
  const auto period =
      number_at(std::string_view(text).substr(std::min(text.find(' '), text.size())));
  if (!quota || !period || *period <= 0) return;
  host.cores = std::min(host.cores, std::max<std::int64_t>(1, *quota / *period));
}

std::int64_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

Result<HostResources> measure_host(const KernelFiles& files) {
  BDAAS_ASSIGN(const auto memory, read_file(files.proc / "meminfo"));
  const auto total = value_of(memory, "MemTotal:");
  const auto available = value_of(memory, "MemAvailable:");
  if (!total || !available) {
    return fail(ErrorKind::corrupted, "'{}' does not say how much memory there is",
                (files.proc / "meminfo").native());
  }
  HostResources host{*total / 1024, *available / 1024, usable_cores()};
  for (fs::path level = own_cgroup(files);; level = level.parent_path()) {
    limit_memory(level, host);
    limit_cores(level, host);
    if (level == files.cgroup || !level.has_relative_path()) return host;
  }
}

}  // namespace bdaas
