#include "cli/hosts_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <charconv>
#include <cstdlib>

#include "base/files.h"
#include "base/nearest.h"
#include "base/os_error.h"

namespace bdaas::cli {

namespace {

constexpr std::size_t kHostsMax = 1'000;
constexpr std::int64_t kPortMax = 65'535;

const std::vector<std::string_view> kForAll = {"user", "key", "port", "jump", "dir", "host"};
const std::vector<std::string_view> kOfOne = {
    "address", "private_address", "host_key", "user", "key", "port", "jump", "dir"};

class HostsReader {
 public:
  explicit HostsReader(const fs::path& file) : file_(file) {}

  Result<std::vector<SshHost>> read(const toml::table& table) const {
    BDAAS_TRY(check_keys(table, kForAll));
    SshHost common;
    BDAAS_TRY(take(table, common));
    const auto* list = table.get_as<toml::array>("host");
    if (list == nullptr || list->empty() || list->size() > kHostsMax) {
      return wrong(table, fmt::format("name 1 to {} hosts, each below a line [[host]]", kHostsMax));
    }
    std::vector<SshHost> hosts;
    for (const auto& entry : *list) {
      const auto* one = entry.as_table();
      if (one == nullptr) return wrong(entry, "'host' is a table, written [[host]]");
      BDAAS_TRY(check_keys(*one, kOfOne));
      SshHost host = common;
      BDAAS_TRY(take(*one, host));
      if (host.login.host.address.empty()) return wrong(*one, "this host has no address");
      for (const auto& known : hosts) {
        const auto& hop = known.login.host;
        if (hop.address != host.login.host.address || hop.port != host.login.host.port) continue;
        return wrong(*one, fmt::format("'{}' is named twice", hop.address));
      }
      hosts.push_back(std::move(host));
    }
    return hosts;
  }

  Error wrong(const toml::source_region& at, std::string_view what) const {
    return fail(ErrorKind::invalid_argument, "{} line {}: {}", printable(file_.native()),
                at.begin.line, what);
  }

 private:
  Error wrong(const toml::node& at, std::string_view what) const {
    return wrong(at.source(), what);
  }

  Result<> check_keys(const toml::table& table, const std::vector<std::string_view>& known) const {
    for (const auto& [key, value] : table) {
      if (std::ranges::find(known, key.str()) != known.end()) continue;
      return wrong(value, fmt::format("'{}' is unknown{}", printable(key.str()),
                                      did_you_mean(key.str(), known)));
    }
    return {};
  }

  Result<> take_text(const toml::table& table, std::string_view key, std::string& target) const {
    const auto* node = table.get(key);
    if (node == nullptr) return {};
    const auto text = node->value_exact<std::string>();
    if (!text || text->empty()) return wrong(*node, fmt::format("'{}' is a text", key));
    target = *text;
    return {};
  }

  Result<> take(const toml::table& table, SshHost& host) const {
    SshHop& hop = host.login.host;
    BDAAS_TRY(take_text(table, "address", hop.address));
    BDAAS_TRY(take_text(table, "user", hop.user));
    BDAAS_TRY(take_text(table, "host_key", hop.host_key));
    BDAAS_TRY(take_text(table, "private_address", host.private_address));
    BDAAS_TRY(take_text(table, "dir", host.dir));
    if (!host.dir.empty() && !host.dir.starts_with('/')) {
      return wrong(table, "'dir' begins with /");
    }
    std::string key;
    BDAAS_TRY(take_text(table, "key", key));
    if (!key.empty()) host.login.key_file = place_of(key);
    if (const auto* port = table.get("port")) {
      const auto number = port->value_exact<std::int64_t>();
      if (!number || *number < 1 || *number > kPortMax) {
        return wrong(*port, fmt::format("'port' is a number from 1 to {}", kPortMax));
      }
      hop.port = *number;
    }
    if (const auto* jump = table.get("jump")) return take_jumps(*jump, host.login.jumps);
    return {};
  }

  Result<> take_jumps(const toml::node& node, std::vector<SshHop>& jumps) const {
    jumps.clear();
    const auto add = [&](const toml::node& one) -> Result<> {
      const auto text = one.value_exact<std::string>();
      const auto hop = text ? hop_of(*text) : std::nullopt;
      if (!hop)
        return wrong(one, "'jump' is written user@host:port; user and port may be left out");
      jumps.push_back(*hop);
      return {};
    };
    const auto* list = node.as_array();
    if (list == nullptr) return add(node);
    for (const auto& one : *list) BDAAS_TRY(add(one));
    return {};
  }

  static std::optional<SshHop> hop_of(std::string_view text) {
    SshHop hop;
    if (const auto at = text.find('@'); at != text.npos) {
      hop.user = text.substr(0, at);
      text.remove_prefix(at + 1);
      if (hop.user.empty()) return std::nullopt;
    }
    if (const auto colon = text.rfind(':'); colon != text.npos) {
      const auto digits = text.substr(colon + 1);
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), hop.port);
      const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
      if (!whole || hop.port < 1 || hop.port > kPortMax) return std::nullopt;
      text = text.substr(0, colon);
    }
    hop.address = text;
    if (hop.address.empty()) return std::nullopt;
    return hop;
  }

  // "~/x" in the home directory, else relative to the file.
  std::string place_of(const std::string& key) const {
    const char* home = std::getenv("HOME");
    if (key.starts_with("~/") && home != nullptr) return (fs::path(home) / key.substr(2)).native();
    return (fs::absolute(file_).parent_path() / key).lexically_normal().native();
  }

  const fs::path& file_;
};

}  // namespace

Result<std::vector<SshHost>> parse_hosts(std::string_view text, const fs::path& file) {
  const HostsReader reader(file);
  const auto parsed = toml::parse(text, file.native());
  if (!parsed) {
    return reader.wrong(parsed.error().source(), parsed.error().description());
  }
  return reader.read(parsed.table());
}

Result<std::vector<SshHost>> read_hosts(const fs::path& file) {
  BDAAS_ASSIGN(const auto text, read_file(file, 1u << 20).context("--hosts"));
  return parse_hosts(text, file);
}

}  // namespace bdaas::cli
