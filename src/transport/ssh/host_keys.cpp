#include "transport/ssh/host_keys.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/digest.h"
#include "base/lock_file.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::uint64_t kFileBytesMax = 16u << 20;
constexpr std::chrono::seconds kLockWait{5};  // others hold it for the time of one small write
constexpr std::array<std::string_view, 6> kAlgorithms{"ssh-ed25519",         "ecdsa-sha2-nistp256",
                                                      "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
                                                      "rsa-sha2-512",        "rsa-sha2-256"};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlank = " \t\r\n";
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    if (line.empty()) return words;
    const auto end = std::min(line.find_first_of(kBlank), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// The first string of a key's bytes (RFC 4253, 6.6): its length in four bytes, then the name.
std::string type_of(std::string_view bytes) {
  if (bytes.size() < 4) return {};
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > bytes.size() - 4) return {};
  return std::string(bytes.substr(4, length));
}

std::string bytes_of_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  return bytes;
}

struct Entry {
  HostKey key;
  int line = 0;
};

// Calls back with the host, its key and the line's number.
template <class Found>
void read_entries(std::string_view text, const Found& found) {
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.size() < 3) continue;
    auto key = parse_host_key(std::string(words[1]) + " " + std::string(words[2]));
    if (key) found(words[0], std::move(*key), number);
  }
}

std::vector<Entry> entries_of(std::string_view text, std::string_view host) {
  std::vector<Entry> entries;
  read_entries(text, [&](std::string_view name, HostKey key, int line) {
    if (name == host) entries.push_back({std::move(key), line});
  });
  return entries;
}

Result<std::string> read_or_nothing(const fs::path& path) {
  auto text = read_file(path, kFileBytesMax);
  if (!text && text.error().kind == ErrorKind::not_found) return std::string();
  return text;
}

Result<> check_pinned(const std::vector<Entry>& pinned, const HostKey& shown,
                      const fs::path& path) {
  const auto same = [&](const Entry& entry) { return entry.key == shown; };
  if (std::any_of(pinned.begin(), pinned.end(), same)) return {};
  const auto& first = pinned.front();
  return fail(ErrorKind::permission_denied,
              "its host key has changed: it shows {} {}, and {} {} is pinned; somebody may be in "
              "between, or it was installed anew: when you have made sure, remove line {} of '{}'",
              shown.type, shown.fingerprint(), first.key.type, first.key.fingerprint(), first.line,
              path.native());
}

}  // namespace

std::string HostKey::fingerprint() const {
  const auto bytes = from_base64(base64);
  auto text = to_base64(bytes_of_hex(sha256_hex(bytes.value_or(std::string()))));
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

Result<HostKey> host_key_of(std::string_view base64) {
  const auto bytes = from_base64(base64);
  auto type = bytes ? type_of(*bytes) : std::string();
  if (type.empty() || printable(type) != type) {
    return fail(ErrorKind::corrupted, "the bytes of its host key cannot be understood");
  }
  return HostKey{std::move(type), std::string(base64)};
}

Result<HostKey> parse_host_key(std::string_view text) {
  const auto words = words_of(text);
  if (words.size() >= 2) {
    auto key = host_key_of(words[1]);
    if (key && key->type == words[0]) return key;
  }
  return fail(ErrorKind::invalid_argument,
              "'{}' is no host key: write 'ssh-ed25519 AAAA…', as ssh-keyscan prints it, or "
              "'SHA256:…'",
              printable(text));
}

Result<> check_host_key(std::string_view wanted, const HostKey& shown) {
  const auto words = words_of(wanted);
  std::string fingerprint;
  if (words.size() == 1 && words[0].starts_with("SHA256:")) {
    fingerprint = words[0];
    while (fingerprint.ends_with('=')) fingerprint.pop_back();
  } else {
    BDAAS_ASSIGN(const auto key, parse_host_key(wanted));
    fingerprint = key.fingerprint();
  }
  if (fingerprint == shown.fingerprint()) return {};
  return fail(ErrorKind::permission_denied,
              "it shows the host key {} {}, and only {} is allowed; somebody may be in between, or "
              "it was installed anew: when you have made sure, change host_key of its login",
              shown.type, shown.fingerprint(), printable(fingerprint));
}

std::string pin_name(const SshLogin& login) {
  std::string name = login.host.port == 22
                         ? login.host.address
                         : fmt::format("[{}]:{}", login.host.address, login.host.port);
  for (const auto& jump : login.jumps) name += fmt::format("@[{}]:{}", jump.address, jump.port);
  return name;
}

std::string host_key_algorithms(const std::vector<HostKey>& known) {
  const auto is_known = [&](std::string_view algorithm) {
    const auto type = algorithm.starts_with("rsa-") ? "ssh-rsa" : algorithm;
    return std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.type == type; });
  };
  std::vector<std::string_view> ordered(kAlgorithms.begin(), kAlgorithms.end());
  std::stable_partition(ordered.begin(), ordered.end(), is_known);
  std::string text;
  for (const auto algorithm : ordered) {
    text += text.empty() ? "" : ",";
    text += algorithm;
  }
  return text;
}

Result<std::vector<HostKey>> KnownHosts::find(const std::string& host) const {
  BDAAS_ASSIGN(const auto text, read_or_nothing(path_));
  std::vector<HostKey> keys;
  for (auto& entry : entries_of(text, host)) keys.push_back(std::move(entry.key));
  return keys;
}

Result<std::multimap<std::string, HostKey>> KnownHosts::all() const {
  BDAAS_ASSIGN(const auto text, read_or_nothing(path_));
  std::multimap<std::string, HostKey> keys;
  read_entries(
      text, [&](std::string_view name, HostKey key, int) { keys.emplace(name, std::move(key)); });
  return keys;
}

template <class IsEnough>
Result<> KnownHosts::add(const std::string& host, const HostKey& shown,
                         const IsEnough& is_enough) const {
  BDAAS_ASSIGN(auto text, read_or_nothing(path_));
  BDAAS_ASSIGN(bool enough, is_enough(entries_of(text, host)));
  if (enough) return {};
  BDAAS_TRY(make_directory(path_.parent_path(), 0700));
  const auto until = Steady::now() + kLockWait;
  BDAAS_ASSIGN(const auto lock,
               lock_file(path_.native() + ".lock", [&] { return Steady::now() >= until; }));
  BDAAS_ASSIGN(text, read_or_nothing(path_));  // another process may have been first
  BDAAS_ASSIGN(enough, is_enough(entries_of(text, host)));
  if (enough) return {};
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  text += fmt::format("{} {} {}\n", host, shown.type, shown.base64);
  return write_file(path_, text, 0600);
}

Result<> KnownHosts::note(const std::string& host, const HostKey& shown) const {
  return add(host, shown, [&](const std::vector<Entry>& pinned) -> Result<bool> {
    return std::any_of(pinned.begin(), pinned.end(),
                       [&](const Entry& entry) { return entry.key == shown; });
  });
}

Result<> KnownHosts::accept(const std::string& host, const HostKey& shown) const {
  return add(host, shown, [&](const std::vector<Entry>& pinned) -> Result<bool> {
    if (pinned.empty()) return false;
    BDAAS_TRY(check_pinned(pinned, shown, path_));
    return true;
  });
}

}  // namespace bdaas
