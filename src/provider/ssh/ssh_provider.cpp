#include "provider/ssh/ssh_provider.h"

#include <algorithm>
#include <thread>

#include "base/directory.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr Millis kLookTime{20'000};
constexpr Millis kBorrowTime{30'000};
constexpr Millis kGiveBackTime{90'000};
constexpr auto kClockApartMax = std::chrono::seconds(30);
constexpr std::int64_t kDiskMinMib = 2'048;  // packages, logs, and room to work
constexpr std::size_t kTroublesShown = 3;
constexpr std::size_t kLooksAtOnce = 32;

std::string name_of(const SshHost& host) {
  const auto& hop = host.login.host;
  return hop.port == 22 ? hop.address : fmt::format("{}:{}", hop.address, hop.port);
}

bool is_same(const SshHost& a, const SshHost& b) {
  return a.login.host.address == b.login.host.address && a.login.host.port == b.login.host.port;
}

// What keeps a host from being one of a cluster; empty: nothing.
std::string trouble_of(const Result<HostFacts>& looked, Time now) {
  if (!looked) return looked.error().message;
  const HostFacts& facts = *looked;
  if (facts.address.empty() || !facts.address_error.empty()) {
    return fmt::format("its services cannot listen at '{}' ({}): name another private_address",
                       printable(facts.address), printable(facts.address_error));
  }
  const auto apart = facts.clock > now ? facts.clock - now : now - facts.clock;
  if (apart > kClockApartMax) {
    return fmt::format("its clock is {} off: let it follow a time server",
                       human_duration(std::chrono::duration_cast<Millis>(apart)));
  }
  if (facts.disk_mib < kDiskMinMib) {
    return fmt::format("it has {} MiB of free disk and {} are needed: name a 'dir' on a larger one",
                       facts.disk_mib, kDiskMinMib);
  }
  return {};
}

}  // namespace

std::string SshProvider::base_on(const SshHost& host) const {
  if (!host.dir.empty()) return fmt::format("{}/{}", host.dir, options_.installation.text);
  return fmt::format("/var/tmp/bdaas-{}", options_.installation.text);
}

SshHost SshProvider::with_user(SshHost host) const {
  if (host.login.host.user.empty()) host.login.host.user = options_.user;
  for (auto& jump : host.login.jumps) {
    if (jump.user.empty()) jump.user = options_.user;
  }
  return host;
}

Result<std::vector<SshLoan>> SshProvider::loans() {
  BDAAS_ASSIGN(const auto pages, list_directory(options_.book));
  std::vector<SshLoan> found;
  for (const auto& path : pages) {
    if (path.extension() != ".json") continue;
    const auto text = read_file(path, 1u << 20);
    if (!text && text.error().kind == ErrorKind::not_found) continue;  // given back meanwhile
    if (!text) return text.error();
    BDAAS_ASSIGN(const auto value, parse_json(*text).context(path.native()));
    BDAAS_ASSIGN(auto loan, from_json<SshLoan>(value).context(path.native()));
    found.push_back(std::move(loan));
  }
  return found;
}

Result<> SshProvider::write(const SshLoan& loan) {
  BDAAS_TRY(make_directory(options_.book, 0700));
  return write_file(page(loan.token), write_json_pretty(to_json(loan)), 0600, true);
}

// The host that a token has, or gets now.
Result<SshHost> SshProvider::reserve(const RentRequest& request) {
  const std::lock_guard lock(mutex_);
  BDAAS_ASSIGN(const auto taken, loans());
  for (const auto& loan : taken) {
    if (loan.token == request.token) return loan.host;
  }
  const auto is_free = [&](const SshHost& host) {
    return std::ranges::none_of(taken,
                                [&](const SshLoan& loan) { return is_same(loan.host, host); });
  };
  const SshHost* chosen = nullptr;
  const auto own = static_cast<std::size_t>(request.index);
  if (own < request.hosts.size() && is_free(request.hosts[own])) {
    chosen = &request.hosts[own];
  }
  for (const auto& host : request.hosts) {
    if (chosen == nullptr && is_free(host)) chosen = &host;
  }
  if (chosen == nullptr) {
    return fail(ErrorKind::resource_exhausted,
                "all {} hosts are lent already: name more in the file of hosts, or end a cluster",
                request.hosts.size());
  }
  const SshHost host = with_user(*chosen);
  BDAAS_TRY(write({.installation = request.installation,
                   .token = request.token,
                   .cluster = request.cluster,
                   .host = host,
                   .base = base_on(host),
                   .machine = {}}));
  return host;
}

Result<Machine> SshProvider::rent(const RentRequest& request) {
  BDAAS_TRY(check_relative_name(request.token.text).context("lease"));
  BDAAS_ASSIGN(const auto host, reserve(request));
  SshLoan loan{.installation = request.installation,
               .token = request.token,
               .cluster = request.cluster,
               .host = host,
               .base = base_on(host),
               .machine = {}};
  auto machine = borrow(request, loan);
  if (!machine) return std::move(machine).error().context(fmt::format("host {}", name_of(host)));
  loan.machine = *machine;
  BDAAS_TRY(write(loan));
  return machine;
}

Result<Machine> SshProvider::borrow(const RentRequest& request, const SshLoan& loan) {
  const SshLogin& login = loan.host.login;
  const HostQuestion question{.base = loan.base, .address = loan.host.private_address, .ports = {}};
  const auto looked = ask_host<HostFacts>(agents_, login, "host", question, kLookTime);
  if (!looked) return looked.error();
  const BorrowOrder order{.base = loan.base,
                          .installation = request.installation,
                          .lease = request.token,
                          .cluster = request.cluster,
                          .expires_at = request.expires_at};
  BDAAS_ASSIGN(const auto borrowed,
               ask_host<Borrowed>(agents_, login, "borrow", order, kBorrowTime));
  Machine machine;
  machine.machine_id = name_of(loan.host);
  machine.address = looked->address;
  machine.dir = borrowed.dir;
  machine.os_host = looked->os_host;
  machine.memory_mib = looked->memory_mib;
  machine.cores = looked->cores;
  machine.ssh = login;
  return machine;
}

Result<> SshProvider::release(const LeaseId& token) {
  BDAAS_TRY(check_relative_name(token.text).context("lease"));
  BDAAS_ASSIGN(const auto all, loans());
  for (const auto& loan : all) {
    if (loan.token != token) continue;
    const GiveBackOrder order{.base = loan.base, .lease = token};
    const auto given =
        ask_host<GivenBack>(agents_, loan.host.login, "give-back", order, kGiveBackTime);
    if (!given) {
      return Error(given.error())
          .context(fmt::format("host {} cannot be given back now", name_of(loan.host)));
    }
    std::error_code error;
    fs::remove(page(token), error);
    if (error) return os_error(error.value(), "cannot strike a loan out of the book");
  }
  return {};
}

Result<std::vector<ListedMachine>> SshProvider::list() {
  BDAAS_ASSIGN(const auto all, loans());
  std::vector<ListedMachine> machines;
  for (const auto& loan : all) {
    ListedMachine listed{.installation = loan.installation,
                         .token = loan.token,
                         .cluster = loan.cluster,
                         .machine = {}};
    listed.machine.machine_id = name_of(loan.host);
    if (loan.machine) listed.machine = *loan.machine;
    machines.push_back(std::move(listed));
  }
  return machines;
}

std::vector<Result<HostFacts>> SshProvider::look_at(const ClusterSpec& spec,
                                                    const std::vector<std::int64_t>& ports) {
  std::vector<Result<HostFacts>> facts(spec.hosts.size(), Result<HostFacts>(HostFacts{}));
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < spec.hosts.size(); i = next++) {
      const SshHost host = with_user(spec.hosts[i]);
      const HostQuestion question{
          .base = base_on(host), .address = host.private_address, .ports = ports};
      facts[i] = ask_host<HostFacts>(agents_, host.login, "host", question, kLookTime);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(kLooksAtOnce, spec.hosts.size()); ++i) {
    threads.emplace_back(work);
  }
  for (auto& thread : threads) thread.join();
  return facts;
}

Result<std::vector<Offer>> SshProvider::offers(const ClusterSpec& spec) {
  if (spec.hosts.empty()) {
    return fail(ErrorKind::invalid_argument,
                "hosts: none is named; say which with --hosts FILE (docs/ssh.md shows one)");
  }
  BDAAS_ASSIGN(const auto taken, loans());
  // What is lent already is some cluster's, and looked after there.
  ClusterSpec free = spec;
  std::erase_if(free.hosts, [&](const SshHost& host) {
    return std::ranges::any_of(taken,
                               [&](const SshLoan& loan) { return is_same(loan.host, host); });
  });
  const auto facts = look_at(free, {});
  const Time now = SystemClock().now();
  Offer offer{.name = "ssh", .per_machine = true};
  std::vector<std::string> troubles;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const auto trouble = trouble_of(facts[i], now);
    if (!trouble.empty()) {
      troubles.push_back(fmt::format("{}: {}", name_of(free.hosts[i]), trouble));
      continue;
    }
    const bool first = offer.available++ == 0;
    const auto least = [&](std::int64_t& so_far, std::int64_t its) {
      so_far = first ? its : std::min(so_far, its);
    };
    least(offer.memory_mib, facts[i]->memory_free_mib);
    least(offer.cores, facts[i]->cores);
    least(offer.disk_mib, facts[i]->disk_mib);
  }
  // A host that fails must not hinder the cluster that stands on the others.
  const bool stands = free.hosts.size() < spec.hosts.size();
  if (troubles.empty() || stands) return std::vector<Offer>{offer};
  std::string text;
  for (std::size_t i = 0; i < std::min(kTroublesShown, troubles.size()); ++i) {
    text += (i == 0 ? "" : "; ") + troubles[i];
  }
  return fail(ErrorKind::failed_precondition, "{} of {} hosts cannot be used: {}{}",
              troubles.size(), facts.size(), text, troubles.size() > kTroublesShown ? "; …" : "");
}

Result<> SshProvider::check_ports(const ClusterSpec& spec, const std::vector<std::int64_t>& ports) {
  BDAAS_ASSIGN(const auto taken, loans());
  const auto facts = look_at(spec, ports);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i] || facts[i]->taken_ports.empty()) continue;  // offers() tells of the others
    const bool lent_by_us = std::ranges::any_of(
        taken, [&](const SshLoan& loan) { return is_same(loan.host, spec.hosts[i]); });
    if (lent_by_us) continue;
    return fail(ErrorKind::conflict,
                "port {} of host {} is taken by another program, but a cluster needs it: end that "
                "program, or name another private_address",
                facts[i]->taken_ports.front(), name_of(spec.hosts[i]));
  }
  return {};
}

}  // namespace bdaas
