#pragma once
// What a manager asks the agent's short commands on a machine behind SSH, before a node's agent
// lives there. One JSON object on stdin, one on stdout; when it is refused exit code 3, and a
// HostRefusal on stderr.

#include <filesystem>

#include "base/json.h"
#include "model/agent_messages.h"

namespace bdaas {

inline constexpr int kHostRefuses = 3;

struct HostRefusal {
  ErrorKind kind = ErrorKind::internal;
  std::string message;

  static constexpr auto fields() {
    return std::tuple{required("kind", &HostRefusal::kind, ""),
                      required("message", &HostRefusal::message, "one sentence")};
  }
};

// Below the directory that a manager has on a host; it belongs to the log-in user, and to nobody
// else (0700).
//
//   <base>/bin/bdaas-agent-<hash>   the agent
//   <base>/packages/                what the engines are made of, by hash
//   <base>/machines/<lease>/        a borrowed machine: lease.json, then all that its agent makes
struct HostLayout {
  std::string base;
  std::string agent(std::string_view hash) const {
    return fmt::format("{}/bin/bdaas-agent-{}", base, hash);
  }
  std::string packages() const { return base + "/packages"; }
  std::string machines() const { return base + "/machines"; }
  std::string machine(const LeaseId& lease) const { return machines() + "/" + lease.text; }
};

// The base of a machine's directory.
inline std::string base_of(const Machine& machine) {
  return std::filesystem::path(machine.dir).parent_path().parent_path().native();
}

// ---- bdaas-agent host: what the host is and has ----

struct HostQuestion {
  std::string base;
  std::string address;              // where services would listen; empty: as sshd was reached
  std::vector<std::int64_t> ports;  // that they would listen on

  static constexpr auto fields() {
    return std::tuple{required("base", &HostQuestion::base, "the manager's directory there"),
                      optional("address", &HostQuestion::address, "where services would listen"),
                      optional("ports", &HostQuestion::ports, "that must be free there")};
  }
};

struct HostFacts {
  std::string user;     // who logged in
  std::string os_host;  // what gethostname says
  std::string arch;     // x86_64, aarch64
  std::int64_t memory_mib = 0;
  std::int64_t memory_free_mib = 0;
  std::int64_t cores = 0;
  std::int64_t disk_mib = 0;  // free where the base lies, or would
  Time clock{};
  std::string address;        // as asked, or the one by which its sshd was reached
  std::string address_error;  // why services cannot listen there; empty: they can
  std::vector<std::int64_t> taken_ports;
  std::string lease;  // a machine borrowed here that still lives: its lease; empty: none

  static constexpr auto fields() {
    return std::tuple{
        required("user", &HostFacts::user, ""),
        required("os_host", &HostFacts::os_host, ""),
        required("arch", &HostFacts::arch, ""),
        required("memory_mib", &HostFacts::memory_mib, ""),
        required("memory_free_mib", &HostFacts::memory_free_mib, ""),
        required("cores", &HostFacts::cores, ""),
        required("disk_mib", &HostFacts::disk_mib, "free"),
        required("clock", &HostFacts::clock, ""),
        optional("address", &HostFacts::address, "where services would listen"),
        optional("address_error", &HostFacts::address_error, "empty: usable"),
        optional("taken_ports", &HostFacts::taken_ports, ""),
        optional("lease", &HostFacts::lease, "of a machine that is borrowed here; empty: none")};
  }
};

// ---- bdaas-agent borrow: makes the machine's directory ----

// <machine>/lease.json; written before anything else of the machine.
struct BorrowOrder {
  std::string base;
  InstallationId installation;
  LeaseId lease;
  ClusterId cluster;
  Time expires_at{};

  static constexpr auto fields() {
    return std::tuple{required("base", &BorrowOrder::base, "the manager's directory there"),
                      required("installation", &BorrowOrder::installation, "whose it is"),
                      required("lease", &BorrowOrder::lease, ""),
                      required("cluster", &BorrowOrder::cluster, ""),
                      required("expires_at", &BorrowOrder::expires_at, "as borrowed")};
  }
};

struct Borrowed {
  std::string dir;
  static constexpr auto fields() {
    return std::tuple{required("dir", &Borrowed::dir, "the machine's directory")};
  }
};

// ---- bdaas-agent give-back: ends everything of the machine and removes its directory ----

struct GiveBackOrder {
  std::string base;
  LeaseId lease;

  static constexpr auto fields() {
    return std::tuple{required("base", &GiveBackOrder::base, "the manager's directory there"),
                      required("lease", &GiveBackOrder::lease, "")};
  }
};

struct GivenBack {
  bool was_there = false;
  static constexpr auto fields() {
    return std::tuple{required("was_there", &GivenBack::was_there, "false: nothing to do")};
  }
};

// ---- bdaas-agent place: starts the agent of a machine, as a daemon ----

struct PlaceOrder {
  std::string base;
  AgentConfig config;

  static constexpr auto fields() {
    return std::tuple{required("base", &PlaceOrder::base, "the manager's directory there"),
                      required("config", &PlaceOrder::config, "of the agent")};
  }
};

// ---- bdaas-agent packages: which are there ----

struct PackagesQuestion {
  std::string base;
  std::vector<std::string> names;

  static constexpr auto fields() {
    return std::tuple{
        required("base", &PackagesQuestion::base, "the manager's directory there"),
        required("names", &PackagesQuestion::names, "directories of <base>/packages")};
  }
};

struct PackagesMissing {
  std::vector<std::string> names;
  static constexpr auto fields() {
    return std::tuple{required("names", &PackagesMissing::names, "")};
  }
};

}  // namespace bdaas
