#include "provider/local/local_provider.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/os_error.h"
#include "base/os_host.h"
#include "base/tcp_bind.h"
#include "base/tcp_listener.h"
#include "model/local_claim.h"
#include "provider/local/machine_processes.h"

namespace bdaas {

namespace {

constexpr std::string_view kLeaseFile = "lease.json";
constexpr auto kHalfWrittenAge = std::chrono::minutes(1);
constexpr int kAddressTries = 64;
constexpr mode_t kOwnerOnly = 0700;

Result<LocalLease> read_lease(const fs::path& directory) {
  BDAAS_ASSIGN(const auto text, read_file(directory / kLeaseFile, 1u << 20));
  BDAAS_ASSIGN(const auto value, parse_json(text));
  BDAAS_ASSIGN(auto lease, from_json<LocalLease>(value).context(directory.native()));
  if (lease.token.text == directory.filename()) return lease;
  return fail(ErrorKind::invalid_argument, "'{}' holds the lease {}", directory.native(),
              lease.token.text);
}

// 127.16.0.1 to 127.250.255.254, without .0 and .255 at the end: some programs take them for
// networks.
std::string random_address(Entropy& entropy) {
  const unsigned long long random = entropy.next();
  return fmt::format("127.{}.{}.{}", 16 + random % 235, (random >> 16) % 256,
                     1 + (random >> 32) % 254);
}

bool is_older_than(const fs::path& directory, std::chrono::seconds age) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return false;  // gone meanwhile
  const auto changed = std::chrono::system_clock::from_time_t(status.st_mtime);
  return std::chrono::system_clock::now() - changed > age;
}

// Directories of machines, whole or not; none when nothing was ever rented.
Result<std::vector<fs::path>> machine_directories(const fs::path& machines) {
  std::error_code error;
  fs::directory_iterator all(machines, error);
  std::vector<fs::path> directories;
  for (; !error && all != fs::directory_iterator(); all.increment(error)) {
    const fs::path& path = all->path();
    std::error_code ignored;  // gone meanwhile: no directory any more
    const bool directory = fs::is_directory(all->symlink_status(ignored));
    if (directory && !path.filename().native().starts_with('.')) directories.push_back(path);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return os_error(error.value(), fmt::format("cannot list '{}'", machines.native()));
  }
  return directories;
}

bool is_half_written(const Error& error) {
  return error.kind == ErrorKind::not_found || error.kind == ErrorKind::invalid_argument;
}

}  // namespace

Result<fs::path> LocalProvider::directory_of(const LeaseId& token) const {
  BDAAS_TRY(check_relative_name(token.text).context("lease"));
  if (token.text.find('/') != token.text.npos || token.text.starts_with('.')) {
    return fail(ErrorKind::invalid_argument, "'{}' is not a lease id", printable(token.text));
  }
  return options_.machines / token.text;
}

Result<Machine> LocalProvider::rent(const RentRequest& request) {
  BDAAS_ASSIGN(const auto directory, directory_of(request.token));
  if (request.memory_mib < 0 || request.cores < 0) {
    return fail(ErrorKind::invalid_argument, "a machine of {} MiB and {} cores is not possible",
                request.memory_mib, request.cores);
  }
  const std::lock_guard lock(renting_);
  const auto present = read_lease(directory);
  if (!present && is_half_written(present.error())) return make_machine(request, directory);
  if (!present) return present.error();
  if (present->installation != request.installation) {
    return fail(ErrorKind::conflict, "the lease {} belongs to installation {}", request.token.text,
                present->installation.text);
  }
  return present->machine;
}

Result<Machine> LocalProvider::make_machine(const RentRequest& request, const fs::path& directory) {
  BDAAS_ASSIGN(const auto address, choose_address());
  BDAAS_TRY(make_directory(options_.machines, kOwnerOnly));
  BDAAS_TRY(make_directory(directory, kOwnerOnly));
  const LocalLease lease{.installation = request.installation,
                         .token = request.token,
                         .cluster = request.cluster,
                         .host = request.host,
                         .machine = {.machine_id = request.token.text,
                                     .address = address,
                                     .dir = directory.native(),
                                     .os_host = os_host_name(),
                                     .memory_mib = request.memory_mib,
                                     .cores = request.cores},
                         .expires_at = request.expires_at,
                         .created_at = clock_.now()};
  auto written = write_file(directory / kLeaseFile, write_json_pretty(to_json(lease)), 0600);
  if (!written) {
    (void)remove_tree(directory);  // else it is listed as half written, and released
    return std::move(written).error();
  }
  return lease.machine;
}

Result<std::string> LocalProvider::choose_address() {
  BDAAS_ASSIGN(const auto directories, machine_directories(options_.machines));
  std::set<std::string> taken;
  for (const auto& directory : directories) {
    const auto lease = read_lease(directory);
    if (lease) taken.insert(lease->machine.address);
  }
  std::string why;
  for (int i = 0; i < kAddressTries; ++i) {
    const std::string address = random_address(entropy_);
    if (taken.contains(address)) continue;
    const auto claim = bind_tcp(address, kLocalClaimPort);
    if (claim) return address;
    why = claim.error().message;
  }
  return fail(ErrorKind::resource_exhausted,
              "no free loopback address was found; does a program hold port {} of all addresses? "
              "The last try said: {}",
              kLocalClaimPort, why);
}

Result<> LocalProvider::check_ports(const ClusterSpec&, const std::vector<std::int64_t>& ports) {
  if (ports.empty()) return {};
  BDAAS_ASSIGN(const auto address, choose_address());
  for (const auto port : ports) {
    const auto bound = bind_tcp(address, static_cast<std::uint16_t>(port));
    if (bound) continue;
    if (bound.error().kind != ErrorKind::conflict) return bound.error();
    const auto holder = find_listener(static_cast<std::uint16_t>(port));
    return fail(ErrorKind::conflict,
                "port {} is held on all addresses of this computer by {}, but a cluster needs it: "
                "end that program, or let it listen on 127.0.0.1 only",
                port,
                holder ? fmt::format("process {} ({})", holder->pid, printable(holder->command))
                       : "a process of another user");
  }
  return {};
}

Result<> LocalProvider::release(const LeaseId& token) {
  BDAAS_ASSIGN(const auto directory, directory_of(token));
  const auto where = fmt::format("cannot release {}", token.text);
  BDAAS_TRY(end_processes({token, directory}, options_.release_timeout).context(where));
  BDAAS_TRY(remove_tree(directory).context(where));
  // Once the directory is gone no agent can start there; one may have started while we looked.
  BDAAS_TRY(end_processes({token, directory}, options_.release_timeout).context(where));
  return remove_tree(directory).context(where);
}

Result<std::vector<ListedMachine>> LocalProvider::list() {
  BDAAS_ASSIGN(const auto directories, machine_directories(options_.machines));
  std::vector<ListedMachine> machines;
  for (const auto& directory : directories) {
    const auto lease = read_lease(directory);
    if (lease) {
      machines.push_back({lease->installation, lease->token, lease->cluster, lease->machine});
    } else if (!is_half_written(lease.error())) {
      return lease.error();
    } else if (is_older_than(directory, kHalfWrittenAge)) {
      const std::string name = directory.filename().native();
      machines.push_back({.installation = options_.installation,
                          .token = LeaseId{name},
                          .machine = {.machine_id = name, .dir = directory.native()}});
    }
  }
  return machines;
}

Result<std::vector<Offer>> LocalProvider::offers(const ClusterSpec&) {
  BDAAS_ASSIGN(const auto host, measure_host());
  BDAAS_ASSIGN(const auto disk_bytes, free_disk_bytes());
  return std::vector<Offer>{{.name = "local",
                             .memory_mib = host.memory_free_mib,
                             .cores = host.cores,
                             .available = -1,
                             .memory_total_mib = host.memory_total_mib,
                             .disk_mib = static_cast<std::int64_t>(disk_bytes >> 20)}};
}

Result<std::uint64_t> LocalProvider::free_disk_bytes() const {
  BDAAS_TRY(make_directory(options_.machines, kOwnerOnly));
  return free_bytes(options_.machines);
}

}  // namespace bdaas
