#pragma once
// What a rented machine runs at its first boot, as root: POSIX sh, by cloud-init. Pure.
//
// First of all it arms the power-off timer: a machine whose SSH or agent never comes up ends by
// itself, and with InstanceInitiatedShutdownBehavior=terminate that is its end for good. Only
// `sudo bdaas-power-off-in MINUTES` pushes the timer on; an agent whose lease is renewed does that.
// Then the host's key, and last the user `hadoop`: who can log in has met the right host.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace bdaas::ec2 {

// May be called with sudo by hadoop, as nothing else may; takes minutes, 0 is at once.
inline constexpr std::string_view kPowerOffCommand = "/usr/local/sbin/bdaas-power-off-in";
inline constexpr std::string_view kMachinesDir = "/opt/bdaas";
inline constexpr std::string_view kLoginUser = "hadoop";
inline constexpr std::size_t kUserDataBytesMax = 16 * 1024;  // AWS's limit, before base64

struct UserData {
  std::int64_t power_off_minutes = 60;  // 1..10080
  std::string host;                     // its host name: a-z 0-9 . -, at most 63
  std::string login_public_key;         // "ssh-ed25519 …"
  std::string host_public_key;
  // User data can be read by whoever can run programs on the machine. It is this cluster's host key
  // and nothing else that this one opens.
  Secret<std::string> host_private_key;
};

// invalid_argument: a value is outside its alphabet, so nothing in the script needs quoting.
Result<std::string> boot_script(const UserData& data);

}  // namespace bdaas::ec2
