#include "transport/ssh/key_authentication.h"

#include <fmt/ranges.h>

#include "base/os_error.h"

namespace bdaas {

KeyAuthentication::KeyAuthentication(PrivateKeys keys, std::string agent_socket,
                                     std::string account)
    : keys_(std::move(keys)),
      agent_socket_(std::move(agent_socket)),
      account_(std::move(account)),
      present_(agent_socket_.empty() ? 1 : 0) {}

int KeyAuthentication::try_present(ssh_session session) {
  if (present_ > 0) {
    return ssh_userauth_publickey(session, nullptr, keys_.keys[present_ - 1].key.get());
  }
  ssh_options_set(session, SSH_OPTIONS_IDENTITY_AGENT, agent_socket_.c_str());
  return ssh_userauth_agent(session, nullptr);
}

Result<bool> KeyAuthentication::step(ssh_session session) {
  while (present_ <= keys_.keys.size()) {
    const int code = try_present(session);
    if (code == SSH_AUTH_SUCCESS) return true;
    if (ssh_is_connected(session) == 0 || (ssh_get_status(session) & SSH_CLOSED_ERROR) != 0) {
      const std::string_view words = ssh_get_error(session);
      // An sshd that has seen too many wrong keys (MaxAuthTries) hangs up with a word:
      // "Received SSH_MSG_DISCONNECT: 2:Too many authentication failures".
      if (words.find("DISCONNECT") != words.npos)
        return refused(words.substr(words.rfind(':') + 1));
      return fail(ErrorKind::unavailable, "the connection broke while logging in: {}",
                  printable(words));
    }
    if (code == SSH_AUTH_AGAIN) return false;
    if (code == SSH_AUTH_PARTIAL) return refused("it wants more than a key");
    ++present_;
  }
  return refused("no key was taken");
}

Error KeyAuthentication::refused(std::string_view words) const {
  std::vector<std::string> tried;
  if (!agent_socket_.empty()) tried.push_back("the keys of ssh-agent");
  for (const auto& key : keys_.keys) tried.push_back("'" + key.path.native() + "'");
  auto text = tried.empty() ? "none, for there is no ssh-agent and no key_file"
                            : fmt::format("{}", fmt::join(tried, ", "));
  if (!keys_.passed_over.empty()) {
    text += fmt::format(" (passed over: {})", fmt::join(keys_.passed_over, "; "));
  }
  return fail(ErrorKind::unauthenticated,
              "permission denied (publickey): {}; tried: {}; put the public key into "
              "~/.ssh/authorized_keys of {}",
              printable(words), text, account_);
}

}  // namespace bdaas
