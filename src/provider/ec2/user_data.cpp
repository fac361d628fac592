#include "provider/ec2/user_data.h"

#include <algorithm>

#include "net/ssh_key.h"

namespace bdaas::ec2 {

namespace {

constexpr std::string_view kKeyBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kKeyEnd = "-----END OPENSSH PRIVATE KEY-----\n";

bool is_of(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
  });
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_of(text, "-.") && !text.starts_with('-') &&
         !text.starts_with('.');
}

bool is_private_key(std::string_view text) {
  if (!text.starts_with(kKeyBegin) || !text.ends_with(kKeyEnd)) return false;
  if (text.size() < kKeyBegin.size() + kKeyEnd.size()) return false;
  text.remove_prefix(kKeyBegin.size());
  text.remove_suffix(kKeyEnd.size());
  return is_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ+/=\n");
}

// shutdown(8) of systemd replaces an earlier plan; without systemd a process of ours waits.
constexpr std::string_view kTimer = R"sh(#!/bin/sh
set -eu
case "${1:-}" in ''|*[!0-9]*) echo 'usage: bdaas-power-off-in MINUTES' >&2; exit 2;; esac
if [ -d /run/systemd/system ] && shutdown -h "+$1"; then exit 0; fi
pid=/run/bdaas-power-off.pid
[ ! -f "$pid" ] || kill -- "-$(cat "$pid")" 2>/dev/null || true
setsid sh -c "sleep $(($1 * 60)); poweroff -f" </dev/null >/dev/null 2>&1 &
echo $! >"$pid"
)sh";

// {0} timer script, {1} its path, {2} minutes, {3} host, {4} host key, {5} its public half,
// {6} user, {7} login key, {8} directory of machines
constexpr std::string_view kScript = R"sh(#!/bin/sh
set -eu
umask 022
mkdir -p /usr/local/sbin
cat >{1} <<'BDAAS_END'
{0}BDAAS_END
chmod 755 {1}
{1} {2}

hostname {3}
echo {3} >/etc/hostname
grep -q ' {3}$' /etc/hosts || echo '127.0.1.1 {3}' >>/etc/hosts
[ ! -d /etc/cloud/cloud.cfg.d ] ||
  echo 'preserve_hostname: true' >/etc/cloud/cloud.cfg.d/99-bdaas.cfg

(umask 077; cat >/etc/ssh/ssh_host_ed25519_key <<'BDAAS_END'
{4}BDAAS_END
)
echo '{5}' >/etc/ssh/ssh_host_ed25519_key.pub
if [ -d /run/systemd/system ]; then
  systemctl reload ssh 2>/dev/null || systemctl reload sshd 2>/dev/null || true
elif [ -f /run/sshd.pid ]; then
  kill -HUP "$(cat /run/sshd.pid)" || true
fi

id {6} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash {6}
usermod -p '*' {6}  # no password fits, and yet the account is not locked to keys
group=$(id -gn {6})
install -d -m 755 -o {6} -g "$group" {8}
mkdir -p /etc/sudoers.d
echo '{6} ALL=(root) NOPASSWD: {1}' >/etc/sudoers.d/bdaas
chmod 440 /etc/sudoers.d/bdaas
home=$(getent passwd {6} | cut -d: -f6)
install -d -m 700 -o {6} -g "$group" "$home/.ssh"
echo '{7}' >"$home/.ssh/authorized_keys"
chown {6}:"$group" "$home/.ssh/authorized_keys"
chmod 600 "$home/.ssh/authorized_keys"
)sh";

}  // namespace

Result<std::string> boot_script(const UserData& data) {
  const auto refuse = [](std::string_view what) {
    return fail(ErrorKind::invalid_argument, "a machine cannot be started: {}", what);
  };
  if (data.power_off_minutes < 1 || data.power_off_minutes > 7 * 24 * 60) {
    return refuse("its time until power-off must be 1 to 10080 minutes");
  }
  if (!is_host_name(data.host)) return refuse("its host name has other signs than a-z 0-9 . -");
  if (!is_ed25519_public_key(data.login_public_key) ||
      !is_ed25519_public_key(data.host_public_key)) {
    return refuse("a public key is not a line 'ssh-ed25519 …'");
  }
  if (!is_private_key(data.host_private_key.reveal())) {
    return refuse("the host's private key is not in OpenSSH's format");
  }
  auto script = fmt::format(kScript, kTimer, kPowerOffCommand, data.power_off_minutes, data.host,
                            data.host_private_key.reveal(), data.host_public_key, kLoginUser,
                            data.login_public_key, kMachinesDir);
  if (script.size() > kUserDataBytesMax) return refuse("its boot script is over 16 KiB");
  return script;
}

}  // namespace bdaas::ec2
