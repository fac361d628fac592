#include "agent/process_table.h"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <memory>
#include <set>

#include "agent/wait_set.h"
#include "base/files.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kEnvironmentBytesMax = 8u << 20;
constexpr Millis kRoundTime{500};

bool works_inside(pid_t pid, std::string_view dir) {
  if (dir.empty()) return false;
  std::error_code error;
  const auto at = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), error).native();
  return !error && at.starts_with(dir) && (at.size() == dir.size() || at[dir.size()] == '/');
}

std::vector<ProcessStat> find(const Victims& which) {
  const auto processes = list_processes();
  std::vector<ProcessStat> victims;
  if (which.descendants) victims = descendants_of(::getpid(), processes);
  for (const auto& process : processes) {
    const auto pid = static_cast<pid_t>(process.id.pid);
    if (pid == ::getpid()) continue;
    const bool known = std::ranges::any_of(
        victims, [&](const ProcessStat& victim) { return victim.id == process.id; });
    if (known) continue;
    if (is_marked(pid, which.name, which.value) || works_inside(pid, which.dir)) {
      victims.push_back(process);
    }
  }
  return victims;
}

// Until all of them have ended or the round is over.
void await_ends(std::vector<Process>& killed, Instant until) {
  for (;;) {
    std::erase_if(killed, [](Process& process) { return process.ended().has_value(); });
    if (killed.empty() || BootClock::now() >= until) return;
    WaitSet wait;
    wait.at(until);
    for (const auto& process : killed) wait.on_readable(process.fd());
    wait.wait();
  }
}

}  // namespace

std::vector<ProcessStat> list_processes() {
  std::vector<ProcessStat> processes;
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> proc(::opendir("/proc"));
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) continue;
    const auto stat = read_stat(pid);
    if (stat && stat->state != 'Z' && stat->state != 'X') processes.push_back(*stat);
  }
  return processes;
}

std::vector<ProcessStat> descendants_of(std::int64_t root,
                                        const std::vector<ProcessStat>& processes) {
  std::vector<ProcessStat> found;
  std::set<std::int64_t> family{root};
  for (bool grown = true; grown;) {  // once for each generation
    grown = false;
    for (const auto& process : processes) {
      if (!family.contains(process.parent) || !family.insert(process.id.pid).second) continue;
      found.push_back(process);
      grown = true;
    }
  }
  return found;
}

bool is_marked(pid_t pid, std::string_view name, std::string_view value) {
  const auto environment = read_file(fmt::format("/proc/{}/environ", pid), kEnvironmentBytesMax);
  if (!environment) return false;
  const auto wanted = fmt::format("{}={}", name, value);
  std::string_view rest = *environment;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\0'), rest.size());
    if (rest.substr(0, end) == wanted) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::size_t kill_all(const Victims& which, Millis timeout) {
  const Instant deadline = BootClock::now() + timeout;
  for (;;) {
    const auto victims = find(which);
    if (victims.empty() || BootClock::now() >= deadline) return victims.size();
    std::vector<Process> killed;
    for (const auto& victim : victims) {
      auto process = Process::adopt(victim.id);
      if (!process) continue;
      process->signal(SIGKILL);
      killed.push_back(std::move(*process));
    }
    await_ends(killed, std::min(deadline, BootClock::now() + kRoundTime));
  }
}

}  // namespace bdaas
