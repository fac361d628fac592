#include "base/tcp_listener.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "base/directory.h"

namespace bdaas {

namespace {

constexpr std::size_t kCommandBytesMax = 200;

bool is_any_address(std::string_view local) {
  return local.substr(0, local.find(':')).find_first_not_of('0') == local.npos;
}

// The sockets' names as links in /proc/<pid>/fd have them. A line of the table is, in words:
// number, local address:port in hex, remote one, state, queues, timer, retransmits, user, time-out,
// inode (proc(5)).
std::set<std::string> listening_sockets(std::uint16_t port) {
  constexpr std::string_view kListening = "0A";
  const std::string at_port = fmt::format(":{:04X}", port);
  std::set<std::string> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(read_file(table).value_or(""));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
          timeout >> inode;
      if (state == kListening && local.ends_with(at_port) && is_any_address(local)) {
        sockets.insert(fmt::format("socket:[{}]", inode));
      }
    }
  }
  return sockets;
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  const auto descriptors = list_directory(process / "fd");
  if (!descriptors) return false;  // another user's, or it has ended
  return std::any_of(descriptors->begin(), descriptors->end(), [&](const fs::path& descriptor) {
    std::error_code gone;
    return sockets.contains(fs::read_symlink(descriptor, gone).native());
  });
}

std::string command_of(const fs::path& process) {
  std::string words = read_file(process / "cmdline").value_or("");
  while (!words.empty() && words.back() == '\0') words.pop_back();
  std::replace(words.begin(), words.end(), '\0', ' ');
  words.resize(std::min(words.size(), kCommandBytesMax));
  return words;
}

}  // namespace

std::optional<TcpListener> find_listener(std::uint16_t port) {
  const auto sockets = listening_sockets(port);
  const auto processes = list_directory("/proc");
  if (sockets.empty() || !processes) return std::nullopt;
  for (const auto& process : *processes) {
    const std::string name = process.filename().native();
    if (name.find_first_not_of("0123456789") != name.npos || !has_one_of(process, sockets))
      continue;
    return TcpListener{static_cast<pid_t>(std::stol(name)), command_of(process)};
  }
  return std::nullopt;
}

}  // namespace bdaas
