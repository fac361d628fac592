#include "release/host_tools.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "base/subprocess.h"

namespace bdaas {
namespace {

constexpr std::string_view kInstallJava = "run 'apt-get install openjdk-17-jdk-headless'";
constexpr std::string_view kInstallPython =
    "run 'apt-get install python3 python3-pip python3-venv'";

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::int64_t leading_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "3.11" → {3, 11}; what is no number counts as 0.
std::pair<std::int64_t, std::int64_t> major_minor(std::string_view version) {
  const auto dot = version.find('.');
  return {leading_number(version),
          dot == version.npos ? 0 : leading_number(version.substr(dot + 1))};
}

// The value of KEY="value" in a JDK's `release` file; empty when it has none.
std::string release_value(std::string_view text, std::string_view key) {
  const auto needle = fmt::format("{}=\"", key);
  const auto at = text.find(needle);
  if (at == text.npos) return {};
  const auto begin = at + needle.size();
  return std::string(text.substr(begin, text.find('"', begin) - begin));
}

Result<Java> java_at(const fs::path& home) {
  BDAAS_ASSIGN(const auto text, read_file(home / "release", 1 << 20));
  struct stat modules {};
  if (!is_program(home / "bin/java") || ::stat((home / "lib/modules").c_str(), &modules) != 0) {
    return fail(ErrorKind::not_found, "no Java in '{}'", home.native());
  }
  Java java;
  java.home = home.native();
  java.version = release_value(text, "JAVA_VERSION");
  java.feature = leading_number(java.version);
  java.identity =
      fmt::format("{} {} {} {}", home.native(), text, modules.st_size, modules.st_mtime);
  return java;
}

// <home>/bin/java behind any links; empty when there is none.
fs::path java_home_on(const std::string& search_path) {
  const auto java = find_on(search_path, "java");
  if (!java) return {};
  std::error_code error;
  const auto real = fs::canonical(*java, error);
  return error ? fs::path() : real.parent_path().parent_path();
}

bool fits(const Java& java, const JavaRange& wanted) {
  return java.feature >= wanted.minimum && java.feature <= wanted.maximum;
}

// The interpreter's own word. Shims and wrappers are seen through by it.
Result<Python> ask_python(const std::string& path) {
  Command command;
  command.argv = {path, "-c",
                  "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])"};
  command.timeout = std::chrono::seconds(20);
  BDAAS_ASSIGN(const auto completed, run_checked(command));
  const std::string_view out = completed.out;
  const auto line_end = out.find('\n');
  if (line_end == out.npos) return fail(ErrorKind::internal, "'{}' did not tell its version", path);
  auto version = out.substr(line_end + 1);
  if (version.ends_with('\n')) version.remove_suffix(1);
  return Python{std::string(out.substr(0, line_end)), std::string(version)};
}

Result<Python> python_at(const std::string& path) {
  if (!is_program(path)) return fail(ErrorKind::not_found, "no Python at '{}'", path);
  std::error_code error;
  const auto real = fs::canonical(path, error);
  const std::string name = error ? "" : real.filename().native();
  // Debian's python3 is a link to python3.11: the name tells, and no process is started.
  constexpr std::string_view kPrefix = "python3.";
  if (path.starts_with("/usr/bin/") && name.starts_with(kPrefix) &&
      name.find_first_not_of("0123456789", kPrefix.size()) == name.npos) {
    return Python{real.native(), name.substr(std::string_view("python").size())};
  }
  return ask_python(path);
}

}  // namespace

HostTools host_tools_of_environment() {
  HostTools tools;
  const char* path = std::getenv("PATH");
  tools.search_path = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  if (const char* home = std::getenv("JAVA_HOME")) tools.java_home = home;
  return tools;
}

std::optional<std::string> find_on(const std::string& search_path, std::string_view program) {
  std::string_view rest = search_path;
  for (;;) {
    const auto end = std::min(rest.find(':'), rest.size());
    const auto candidate = fmt::format("{}/{}", rest.substr(0, end), program);
    if (end > 0 && candidate.front() == '/' && is_program(candidate)) return candidate;
    if (end == rest.size()) return std::nullopt;
    rest.remove_prefix(end + 1);
  }
}

Result<Java> find_java(const HostTools& tools, const JavaRange& wanted) {
  std::string unfit;
  for (const auto& home : {fs::path(tools.java_home), java_home_on(tools.search_path)}) {
    if (home.empty()) continue;
    auto java = java_at(home);
    if (java && fits(*java, wanted)) return java;
    if (java) unfit = fmt::format("Java {} in '{}'", java->version, home.native());
  }
  return fail(ErrorKind::failed_precondition,
              "Java {} to {} is needed, found {}; {} or set JAVA_HOME to one", wanted.minimum,
              wanted.maximum, unfit.empty() ? "none" : unfit, kInstallJava);
}

Result<Python> find_python(const HostTools& tools, const std::string& minimum) {
  auto candidates = tools.pythons;
  if (auto found = find_on(tools.search_path, "python3")) candidates.push_back(std::move(*found));
  std::string unfit;
  for (const auto& candidate : candidates) {
    auto python = python_at(candidate);
    if (python && major_minor(python->version) >= major_minor(minimum)) return python;
    if (python) unfit = fmt::format("Python {} at '{}'", python->version, candidate);
  }
  return fail(ErrorKind::failed_precondition, "Python {} or newer is needed, found {}; {}", minimum,
              unfit.empty() ? "none" : unfit, kInstallPython);
}

Result<std::string> find_maven(const HostTools& tools) {
  if (auto found = find_on(tools.search_path, "mvn")) return *std::move(found);
  return fail(ErrorKind::failed_precondition,
              "Maven is not installed; run 'apt-get install maven'");
}

}  // namespace bdaas
