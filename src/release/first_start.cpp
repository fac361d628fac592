#include "release/first_start.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/digest.h"
#include "base/os_error.h"
#include "base/os_host.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace bdaas {
namespace {

constexpr auto kTimeout = std::chrono::minutes(5);
constexpr std::string_view kLog =
    "log4j.rootLogger=INFO,console\n"
    "log4j.appender.console=org.apache.log4j.ConsoleAppender\n"
    "log4j.appender.console.layout=org.apache.log4j.PatternLayout\n"
    "log4j.appender.console.layout.ConversionPattern=%p %c{1}: %m%n\n";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string with_dir(std::string value, const fs::path& dir) {
  constexpr std::string_view kPlace = "{dir}";
  for (auto at = value.find(kPlace); at != value.npos; at = value.find(kPlace, at)) {
    value.replace(at, kPlace.size(), dir.native());
    at += dir.native().size();
  }
  return value;
}

std::string to_xml(const TemplateSpec::Properties& properties, const fs::path& dir) {
  std::string xml = "<configuration>\n";
  for (const auto& [name, value] : properties) {
    xml += fmt::format("<property><name>{}</name><value>{}</value></property>\n", escaped(name),
                       escaped(with_dir(value, dir)));
  }
  return xml + "</configuration>\n";
}

// The own host name must have an address, or a JVM that asks for it fails.
std::string hosts_file() {
  return fmt::format("127.0.0.1 localhost\n127.0.0.1 {}\n", os_host_name());
}

Result<> write_configuration(const TemplateSpec& spec, const fs::path& conf, const fs::path& dir) {
  BDAAS_TRY(make_directory(conf));
  for (const auto& [file, properties] : spec.settings) {
    BDAAS_ASSIGN(const auto path, join_below(conf, file));
    BDAAS_TRY(write_file(path, to_xml(properties, dir)));
  }
  BDAAS_TRY(write_file(conf / "log4j.properties", kLog));
  return write_file(conf / "hosts", hosts_file());
}

// Runs it until it ends, or until it has said that all is made; then it is asked to end.
Result<> run_until(Command command, const std::string& until) {
  bool made = until.empty();
  UniqueFd process;  // stands for this very process, also when it has ended
  command.on_start = [&](pid_t pid) {
    process.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  };
  command.on_line = [&](std::string_view line) {
    if (made || line.find(until) == line.npos) return;
    made = true;
    ::syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0);
  };
  BDAAS_ASSIGN(const auto completed, run(command));
  const bool ended_well = until.empty() ? completed.exit_code == 0 : made;
  if (ended_well) return {};
  return fail(ErrorKind::failed_precondition, "it ended with exit code {}: {}", completed.exit_code,
              last_lines(completed.err.empty() ? completed.out : completed.err, 5));
}

Error cannot_copy(const std::error_code& error, const fs::path& path) {
  return os_error(error.value(), fmt::format("cannot copy '{}'", path.native()));
}

Result<> copy_entry(const fs::directory_entry& entry, const fs::path& target) {
  std::error_code error;
  if (entry.is_directory(error)) return make_directory(target, 0700);
  if (!error) fs::copy_file(entry.path(), target, error);
  if (error) return cannot_copy(error, entry.path());
  return {};
}

Result<> copy_files(const TemplateSpec& spec, const fs::path& from, const fs::path& into) {
  bool wrote_nothing = true;
  std::error_code error;
  for (fs::recursive_directory_iterator it(from, error), end; !error && it != end;
       it.increment(error)) {
    const auto name = it->path().filename().native();
    if (std::ranges::find(spec.leave_out, name) != spec.leave_out.end()) continue;
    BDAAS_TRY(copy_entry(*it, into / it->path().lexically_relative(from)));
    wrote_nothing = false;
  }
  if (error) return cannot_copy(error, from);
  if (wrote_nothing) {
    return fail(ErrorKind::failed_precondition, "it wrote nothing into '{}'", spec.take);
  }
  return {};
}

}  // namespace

Template template_of(const TemplateSpec& spec, const PackageHomes& homes) {
  Template made;
  made.spec = &spec;
  made.class_path = class_path_of(spec.class_path, homes);
  // Where users share packages, each has keys of their own.
  const auto owner = spec.secret ? fmt::format("user {}", ::geteuid()) : "";
  made.key = sha256_hex("template 1 " + write_json(to_json(spec)) + made.class_path + owner);
  return made;
}

Result<> make_template(const Template& made, const Java& java, const fs::path& scratch,
                       const fs::path& into, const std::atomic<bool>& cancel) {
  const auto& spec = *made.spec;
  const auto conf = scratch / "conf";
  const auto dir = scratch / "dir";
  BDAAS_TRY(make_directory(dir, 0700));
  BDAAS_TRY(write_configuration(spec, conf, dir));
  Command command;
  command.argv = {java.home + "/bin/java",
                  "-Xmx256m",
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-Djava.net.preferIPv4Stack=true",
                  "-Djdk.net.hosts.file=" + (conf / "hosts").native(),
                  "-Djava.io.tmpdir=" + dir.native(),
                  "-cp",
                  made.class_path + ":" + conf.native(),
                  spec.main_class};
  command.argv.insert(command.argv.end(), spec.arguments.begin(), spec.arguments.end());
  command.timeout = kTimeout;
  command.cancel = &cancel;
  BDAAS_TRY(run_until(std::move(command), spec.until));
  if (spec.secret && ::chmod(into.c_str(), 0700) != 0) {
    return os_error(errno, fmt::format("cannot protect '{}'", into.native()));
  }
  return copy_files(spec, dir / spec.take, into);
}

}  // namespace bdaas
