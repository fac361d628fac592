#include "release/doctor.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/host_resources.h"
#include "base/os_error.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "release/fetch_plan.h"

namespace bdaas {
namespace {

constexpr std::int64_t kDiskMin = 4'000'000'000;  // packages, archives, and room to work
constexpr rlim_t kOpenFilesMin = 4096;            // a NameNode's and a shuffle's many
constexpr const char* kLoopbackProbe = "127.200.1.1";

Finding good(std::string check, std::string found) {
  return {std::move(check), true, std::move(found), ""};
}

Finding bad(std::string check, std::string found, std::string mend) {
  return {std::move(check), false, std::move(found), std::move(mend)};
}

// A Result's message is "what was found; what to do".
Finding bad(std::string check, const Error& error) {
  const auto semicolon = error.message.find("; ");
  if (semicolon == error.message.npos) return bad(std::move(check), error.message, "");
  return bad(std::move(check), error.message.substr(0, semicolon),
             error.message.substr(semicolon + 2));
}

Finding check_java(const DoctorRequest& request) {
  const auto java = find_java(request.tools, request.java);
  if (!java) return bad("java", java.error());
  return good("java", fmt::format("Java {} in {}", java->version, java->home));
}

Finding check_program(const DoctorRequest& request, const std::string& check,
                      const std::string& program, const std::string& package) {
  if (const auto found = find_on(request.tools.search_path, program)) return good(check, *found);
  return bad(check, program + " is not on the PATH", "run 'apt-get install " + package + "'");
}

// Whether the interpreter has a module; the modules' Debian package mends it.
Finding check_module(const Python& python, const std::string& check, const std::string& module,
                     const std::string& package) {
  Command command;
  command.argv = {python.path, "-c", "import " + module};
  command.timeout = std::chrono::seconds(20);
  const auto completed = run(command);
  if (completed && completed->exit_code == 0) return good(check, "with " + python.path);
  return bad(check, fmt::format("{} has no module {}", python.path, module),
             "run 'apt-get install " + package + "'");
}

void check_python(const DoctorRequest& request, std::vector<Finding>& findings) {
  const auto python = find_python(request.tools, request.python_minimum);
  if (!python) {
    findings.push_back(bad("python", python.error()));
    return;
  }
  findings.push_back(good("python", fmt::format("Python {} at {}", python->version, python->path)));
  findings.push_back(check_module(*python, "pip", "pip", "python3-pip"));
  findings.push_back(check_module(*python, "venv", "venv, ensurepip", "python3-venv"));
}

Finding check_memory(const DoctorRequest& request) {
  const auto host = measure_host();
  if (!host) return bad("memory", host.error().message, "mount /proc");
  const auto mib = host->memory_free_mib;
  const auto gib = [](std::int64_t amount) {
    return fmt::format("{:.1f} GiB", static_cast<double>(amount) / 1024);
  };
  if (mib < request.memory_of_one_mib) {
    return bad("memory", gib(mib) + " available",
               fmt::format("end other programs: a cluster of one worker takes {}, one of three {}",
                           gib(request.memory_of_one_mib), gib(request.memory_of_three_mib)));
  }
  if (mib >= request.memory_of_three_mib) return good("memory", gib(mib) + " available");
  return good("memory", fmt::format("{} available, enough for one worker; three take {}", gib(mib),
                                    gib(request.memory_of_three_mib)));
}

// Of the nearest directory above that exists.
Finding check_disk(fs::path dir) {
  std::error_code error;
  while (!fs::exists(dir, error) && dir.has_relative_path()) dir = dir.parent_path();
  const auto free = free_bytes(dir);
  if (!free) return bad("disk", free.error().message, "set BDAAS_HOME to another directory");
  const auto bytes = static_cast<std::int64_t>(*free);
  const auto found = fmt::format("{} free in {}", megabytes(bytes), dir.native());
  if (bytes >= kDiskMin) return good("disk", found);
  return bad("disk", found,
             fmt::format("free {} there, or set BDAAS_HOME to a directory on a larger disk",
                         megabytes(kDiskMin)));
}

Finding check_cores() {
  const auto cores = std::thread::hardware_concurrency();
  const auto found = fmt::format("{}", cores);
  if (cores >= 2) return good("cores", found);
  return bad("cores", found, "use a machine with two cores or more; starts are slow on one");
}

Finding check_loopback() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, kLoopbackProbe, &address.sin_addr);
  if (fd.valid() && ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return good("loopback", "all of 127.0.0.0/8 is usable");
  }
  return bad("loopback", os_error(errno, fmt::format("cannot bind {}", kLoopbackProbe)).message,
             "run 'ip addr add 127.0.0.1/8 dev lo' and 'ip link set lo up'");
}

Finding check_open_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto found = fmt::format("{}", limit.rlim_max);
  if (limit.rlim_max >= kOpenFilesMin) return good("open files", found);
  return bad("open files", found,
             fmt::format("raise 'nofile' in /etc/security/limits.conf to {}", kOpenFilesMin));
}

// Hadoop asks the system for it and ends where there is none, as in some containers.
Finding check_user() {
  if (::getpwuid(::geteuid()) == nullptr) {
    return bad("user", fmt::format("the user with the number {} has no name", ::geteuid()),
               fmt::format("run 'useradd --uid {} NAME'", ::geteuid()));
  }
  return good("user", ::geteuid() == 0 ? "root; an ordinary user would do" : "an ordinary user");
}

}  // namespace

std::vector<Finding> doctor(const DoctorRequest& request) {
  std::vector<Finding> findings;
  findings.push_back(check_java(request));
  findings.push_back(check_program(request, "maven", "mvn", "maven"));
  check_python(request, findings);
  findings.push_back(check_program(request, "tar", "tar", "tar"));
  findings.push_back(check_memory(request));
  findings.push_back(check_disk(request.state_root));
  findings.push_back(check_cores());
  findings.push_back(check_loopback());
  findings.push_back(check_open_files());
  findings.push_back(check_user());
  return findings;
}

}  // namespace bdaas
