#include "cli/nodes/openssh.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/digest.h"
#include "base/os_error.h"
#include "base/shell_quote.h"

namespace bdaas::cli {

namespace {

constexpr auto kUnusedFor = std::chrono::hours(24);

// The jumps and the machine, each with the name that it has for ssh.
struct Stop {
  std::string name;
  KnownSshHop hop;
};

std::vector<Stop> way_to(const SshTarget& target) {
  std::vector<Stop> way;
  for (const auto& jump : target.login.jumps) {
    way.push_back({fmt::format("jump-{}", way.size() + 1), jump});
  }
  way.push_back({target.name, target.login.host});
  return way;
}

std::string without_tokens(std::string_view text) {
  std::string plain;
  for (const char c : text) plain += c == '%' ? std::string("%%") : std::string(1, c);
  return plain;
}

Result<> check_word(std::string_view what, std::string_view text) {
  const bool odd = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '"' || c == '\\' || c == '$' || c == '\x7f';
  });
  if (!odd) return {};
  return fail(ErrorKind::invalid_argument,
              "{} '{}' cannot be handed to ssh: no quote, backslash, dollar or control character "
              "may be in it",
              what, printable(text));
}

// A value with blanks in it.
std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", without_tokens(text)); }

std::string end_point(const KnownSshHop& hop) {
  const bool is_ipv6 = hop.address.find(':') != hop.address.npos;
  return is_ipv6 ? fmt::format("[{}]:{}", hop.address, hop.port)
                 : fmt::format("{}:{}", hop.address, hop.port);
}

// To the last of them, through the others. Each ssh on the way is the ProxyCommand of the next one:
// ProxyJump would give it no options.
Words options_to(std::span<const Stop> way, const std::string& key_file,
                 const fs::path& known_hosts) {
  const auto& [name, hop] = way.back();
  Words words{"-F", "none"};
  const auto set = [&](std::string_view option, std::string_view value) {
    words.insert(words.end(), {"-o", fmt::format("{}={}", option, value)});
  };
  set("HostName", in_quotes(hop.address));
  set("Port", std::to_string(hop.port));
  set("User", fmt::format("\"{}\"", hop.user));
  set("HostKeyAlias", name);
  set("StrictHostKeyChecking", "yes");
  set("UserKnownHostsFile", in_quotes(known_hosts.native()));
  set("GlobalKnownHostsFile", "/dev/null");
  set("CheckHostIP", "no");
  set("UpdateHostKeys", "no");
  set("PreferredAuthentications", "publickey");
  set("ConnectTimeout", "10");
  set("ServerAliveInterval", "15");
  if (!key_file.empty()) {
    set("IdentityFile", in_quotes(key_file));
    set("IdentitiesOnly", "yes");
  }
  if (way.size() == 1) return words;
  const auto before = way.first(way.size() - 1);
  Words proxy{"ssh"};
  const auto options = options_to(before, key_file, known_hosts);
  proxy.insert(proxy.end(), options.begin(), options.end());
  proxy.insert(proxy.end(), {"-W", end_point(hop), before.back().name});
  set("ProxyCommand", without_tokens(shell_quote(proxy)));
  return words;
}

void remove_unused(const fs::path& dir) {
  std::error_code ignored;  // what stays is a few bytes, and goes another time
  const auto limit = fs::file_time_type::clock::now() - kUnusedFor;
  for (const auto& file : fs::directory_iterator(dir, ignored)) {
    if (file.last_write_time(ignored) < limit) fs::remove(file.path(), ignored);
  }
}

std::string glob_escaped(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

Result<std::string> known_hosts_text(const SshTarget& target) {
  std::string text;
  for (const auto& [name, hop] : way_to(target)) {
    if (hop.host_keys.empty()) {
      return fail(
          ErrorKind::failed_precondition,
          "no host key of {} is known, so nobody can tell that it is the right machine; the "
          "manager pins the one it sees in known_hosts of its directory when it logs in",
          end_point(hop));
    }
    for (const auto& key : hop.host_keys) text += fmt::format("{} {}\n", name, key);
  }
  return text;
}

Result<fs::path> write_known_hosts(const fs::path& dir, const std::string& text) {
  BDAAS_TRY(make_directory(dir, 0700));
  remove_unused(dir);
  const auto path = dir / sha256_hex(text).substr(0, 32);
  BDAAS_TRY(write_file(path, text, 0600));
  return path;
}

Result<Words> ssh_options(const SshTarget& target, const fs::path& known_hosts) {
  const auto way = way_to(target);
  for (const auto& stop : way) {
    BDAAS_TRY(check_word("the log-in name", stop.hop.user));
    BDAAS_TRY(check_word("the host", stop.hop.address));
  }
  BDAAS_TRY(check_word("the key", target.login.key_file));
  BDAAS_TRY(check_word("the path", known_hosts.native()));
  return options_to(way, target.login.key_file, known_hosts);
}

Words words_in(const std::string& dir, const std::map<std::string, std::string>& env,
               const Words& argv) {
  const auto* script = argv.empty() ? R"(cd "$1" && shift && exec "$@" "${SHELL:-/bin/sh}" -l)"
                                    : R"(cd "$1" && shift && exec "$@")";
  Words words{"/bin/sh", "-c", script, "bdaas", dir, "env"};
  for (const auto& [name, value] : env) words.push_back(name + "=" + value);
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

ScpWay scp_way_of(std::string_view version) {
  constexpr std::string_view kName = "OpenSSH_";
  const auto at = version.find(kName);
  if (at == version.npos) return ScpWay::sftp;
  version.remove_prefix(at + kName.size());
  int major = 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto read = std::from_chars(version.data(), end, major);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '.') return ScpWay::sftp;
  if (std::from_chars(read.ptr + 1, end, minor).ec != std::errc()) return ScpWay::sftp;
  return std::pair(major, minor) < std::pair(8, 7) ? ScpWay::shell : ScpWay::sftp;
}

std::string scp_source(const std::string& name, const std::string& path, ScpWay way) {
  return name + ":" + (way == ScpWay::shell ? shell_quote({path}) : glob_escaped(path));
}

std::string scp_target(const std::string& name, const std::string& path, ScpWay way) {
  return name + ":" + (way == ScpWay::shell ? shell_quote({path}) : path);
}

std::string local_path(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

}  // namespace bdaas::cli
