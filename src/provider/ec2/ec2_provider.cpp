#include "provider/ec2/ec2_provider.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/digest.h"
#include "base/os_error.h"
#include "provider/ec2/tags.h"
#include "provider/ec2/user_data.h"

namespace bdaas {

using ec2::CallKind;
using ec2::Instance;
using ec2::InstanceState;
using ec2::Tag;

namespace {

constexpr auto kTidyEvery = std::chrono::minutes(1);
constexpr auto kCheckEvery = std::chrono::minutes(5);
constexpr Millis kListedWithin{30'000};         // after a RunInstances whose answer was lost
constexpr std::string_view kPageSize = "1000";  // the most that DescribeInstances takes

ec2::Form instances_form(std::vector<ec2::Filter> filters) {
  auto form = ec2::describe_form("DescribeInstances", filters);
  form.emplace_back("MaxResults", kPageSize);
  return form;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  for (const char c : text.substr(0, 15)) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return value;
}

// One for each place and type that a rent tries, the same whenever it is tried again.
std::string client_token(const RentRequest& request, const ec2::Launch& launch) {
  return sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}", request.installation.text, request.token.text,
                                launch.instance_type, launch.subnet_id, launch.zone));
}

std::vector<Tag> tags_of(const RentRequest& request, const ec2::InstanceType& type,
                         const std::string& host_key) {
  using namespace ec2;
  return {{"Name", request.host},
          {kInstallationTag, request.installation.text},
          {kClusterTag, request.cluster.text},
          {kLeaseTag, request.token.text},
          {kHostTag, request.host},
          {kExpiresTag, to_rfc3339(request.expires_at)},
          {kHostKeyTag, host_key},
          {kMemoryTag, std::to_string(type.memory_mib)},
          {kCoresTag, std::to_string(type.cores)}};
}

// Why a machine ended before it ran.
Error ended_early(const Instance& instance) {
  const bool full = instance.state_reason.find("Insufficient") != std::string::npos ||
                    instance.state_reason.find("LimitExceeded") != std::string::npos;
  return fail(
      full ? ErrorKind::resource_exhausted : ErrorKind::unavailable,
      "the machine {} ended while it started: {}", instance.id,
      instance.state_reason.empty() ? "EC2 does not say why" : printable(instance.state_reason));
}

// "203.0.113.0/24", "2001:db8::/64"
bool is_block(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto bits = text.substr(std::min(slash + 1, text.size()));
  if (bits.empty() || bits.size() > 3 || bits.find_first_not_of("0123456789") != bits.npos) {
    return false;
  }
  in6_addr bytes{};
  const auto address = text.substr(0, slash);
  if (::inet_pton(AF_INET, address.c_str(), &bytes) == 1) return number_of(bits) <= 32;
  return ::inet_pton(AF_INET6, address.c_str(), &bytes) == 1 && number_of(bits) <= 128;
}

// "ssh-ed25519 AAAA…" without its comment, as known_hosts has it.
std::string without_comment(const std::string& key) {
  return key.substr(0, key.find(' ', std::min(key.find(' '), key.size() - 1) + 1));
}

}  // namespace

// A rent in flight. Another one of its token waits; its cluster counts as used meanwhile.
class Ec2Provider::Rent {
 public:
  Rent(Ec2Provider& provider, const RentRequest& request)
      : provider_(provider), token_(request.token) {
    std::unique_lock lock(provider_.mutex_);
    provider_.rent_ended_.wait(lock, [&] {
      const auto found = provider_.recent_.find(token_);
      return found == provider_.recent_.end() || !found->second.running;
    });
    provider_.recent_[token_] = {.cluster = request.cluster, .machine_id = {}};
  }
  ~Rent() {
    const std::lock_guard lock(provider_.mutex_);
    auto& recent = provider_.recent_[token_];
    recent.running = false;
    recent.settled_at = provider_.clock_.now() + provider_.options_.settled_after;
    provider_.tidy_at_ = std::min(provider_.tidy_at_, recent.settled_at);
    provider_.rent_ended_.notify_all();
  }
  Rent(const Rent&) = delete;
  Rent& operator=(const Rent&) = delete;

  void started(const std::string& machine_id) {
    const std::lock_guard lock(provider_.mutex_);
    provider_.recent_[token_].machine_id = machine_id;
  }

 private:
  Ec2Provider& provider_;
  const LeaseId token_;
};

Ec2Provider::Ec2Provider(Ec2Options options, AwsSources sources, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      credentials_(std::move(sources), http_, clock),
      query_({.region = options_.region, .endpoint = options_.endpoint}, credentials_, http_,
             clock),
      catalog_(options_, query_),
      access_(options_, query_, clock) {}

Result<> Ec2Provider::check(const RentRequest& request) const {
  if (request.token.empty() || request.cluster.empty() ||
      request.installation != options_.installation) {
    return fail(ErrorKind::invalid_argument, "the rent of {} for {} is not proper",
                printable(request.token.text), printable(request.installation.text));
  }
  return check_options();
}

Result<> Ec2Provider::check_options() const {
  if (options_.allow_from.empty()) {
    return fail(ErrorKind::invalid_argument,
                "nobody may log in to machines of EC2: say from where, as in 203.0.113.7/32");
  }
  if (is_block(options_.allow_from)) return {};
  return fail(ErrorKind::invalid_argument,
              "'{}' is no block of addresses: write it like 203.0.113.7/32",
              printable(options_.allow_from));
}

Result<Machine> Ec2Provider::rent(const RentRequest& request) {
  BDAAS_TRY(check(request));
  Rent in_flight(*this, request);
  BDAAS_ASSIGN(auto instance, find(request.token));
  if (!instance) {
    BDAAS_ASSIGN(instance, launch(request));
  }
  in_flight.started(instance->id);
  return wait_for_address(*std::move(instance), request.token);
}

Result<Instance> Ec2Provider::launch(const RentRequest& request) {
  BDAAS_ASSIGN(const auto types, catalog_.types());
  BDAAS_ASSIGN(const auto vpc_id, catalog_.vpc_id());
  auto ensured = access_.ensure(request.cluster, vpc_id);
  if (!ensured.ok()) {
    Error error = std::move(ensured).error();
    // Half made is made whole the next time; no machine is rented yet.
    if (error.kind == ErrorKind::unknown_outcome) error.kind = ErrorKind::unavailable;
    return error;
  }
  Error last = fail(ErrorKind::resource_exhausted,
                    "no EC2 instance type that is named has {} MiB of memory and {} cores",
                    request.memory_mib, request.cores);
  for (const auto& type : types) {
    if (type.memory_mib < request.memory_mib || type.cores < request.cores) continue;
    for (const auto& place : catalog_.places()) {
      auto launched = launch_at(request, type, place, *ensured);
      if (launched.ok()) return launched;
      last = std::move(launched).error();
      if (last.kind == ErrorKind::resource_exhausted) continue;
      // Another rent of this token was taken, or this one may have been.
      const bool maybe_done =
          last.kind == ErrorKind::unknown_outcome || last.kind == ErrorKind::conflict;
      if (maybe_done) return wait_until_listed(request.token, std::move(last));
      if (last.kind == ErrorKind::not_found) {  // a key or a group that EC2 does not know any more,
        access_.forget(request.cluster);        // or not yet
        last.kind = ErrorKind::unavailable;
      }
      return last;
    }
  }
  return last;
}

Result<ec2::Launch> Ec2Provider::launch_of(const ec2::InstanceType& type, const ec2::Place& place) {
  BDAAS_ASSIGN(const auto image, catalog_.image(type));
  return ec2::Launch{.image_id = image.id,
                     .instance_type = type.name,
                     .subnet_id = place.subnet_id,
                     .zone = place.zone,
                     .instance_profile = options_.instance_profile,
                     .spot = options_.spot,
                     .volume = {.device = image.root_device,
                                .gib = options_.volume_gib,
                                .type = options_.volume_type,
                                .encrypted = options_.volume_encrypted},
                     .tags = {}};
}

Result<Instance> Ec2Provider::launch_at(const RentRequest& request, const ec2::InstanceType& type,
                                        const ec2::Place& place, const ec2::ClusterAccess& access) {
  BDAAS_ASSIGN(auto launch, launch_of(type, place));
  launch.client_token = client_token(request, launch);
  launch.key_name = access.key_name;
  launch.group_id = access.group_id;
  launch.tags = tags_of(request, type, without_comment(access.host.public_key));
  BDAAS_ASSIGN(launch.user_data, ec2::boot_script({.power_off_minutes = options_.power_off_minutes,
                                                   .host = request.host,
                                                   .login_public_key = access.login.public_key,
                                                   .host_public_key = access.host.public_key,
                                                   .host_private_key = access.host.private_key}));
  BDAAS_ASSIGN(const auto body, query_.call(run_instances_form(launch), CallKind::changes));
  auto launched = ec2::parse_launched(body);
  if (launched.ok()) return launched->front();
  // It was taken, whatever the answer looks like.
  return fail(ErrorKind::unknown_outcome, "{}", launched.error().message);
}

// The living machine of the token.
Result<std::optional<Instance>> Ec2Provider::find(const LeaseId& token) {
  BDAAS_ASSIGN(auto instances,
               query_.all<Instance>(instances_form(ec2::filters_of(options_.installation, token))));
  std::erase_if(instances, [](const Instance& instance) { return !instance.lives(); });
  if (instances.empty()) return std::optional<Instance>();
  const auto first = std::ranges::min_element(instances, {}, &Instance::id);
  return std::optional<Instance>(std::move(*first));
}

// error: why it is not known whether there is one; said when none shows up, and when nobody
// answers: then it is still not known.
Result<Instance> Ec2Provider::wait_until_listed(const LeaseId& token, Error error) {
  const Time deadline = clock_.now() + std::min(kListedWithin, options_.address_timeout);
  for (;;) {
    auto found = find(token);
    if (found.ok() && found->has_value()) return **std::move(found);
    if (clock_.now() >= deadline) return error;
    wait(options_.poll_every);
  }
}

// A public address comes before a machine runs, or never.
bool Ec2Provider::is_reachable(const Instance& instance) const {
  if (instance.private_address.empty()) return false;
  return options_.private_addresses || !instance.public_address.empty() ||
         instance.state == InstanceState::running;
}

Result<Machine> Ec2Provider::wait_for_address(Instance instance, const LeaseId& token) {
  const Time deadline = clock_.now() + options_.address_timeout;
  for (;;) {
    if (!instance.lives()) return ended_early(instance);
    if (is_reachable(instance)) return machine_of(instance);
    if (clock_.now() >= deadline) {
      return fail(ErrorKind::unavailable, "the machine {} has no address after {}", instance.id,
                  human_duration(options_.address_timeout));
    }
    wait(options_.poll_every);
    BDAAS_ASSIGN(
        const auto all,
        query_.all<Instance>(instances_form(ec2::filters_of(options_.installation, token))));
    // Not listed yet: it stays as it was.
    const auto found = std::ranges::find(all, instance.id, &Instance::id);
    if (found != all.end()) instance = *found;
  }
}

Machine Ec2Provider::machine_of(const Instance& instance) const {
  Machine machine{.machine_id = instance.id,
                  .address = instance.private_address,
                  .dir = fmt::format("{}/{}", ec2::kMachinesDir, instance.tag(ec2::kLeaseTag)),
                  .os_host = instance.tag(ec2::kHostTag),
                  .memory_mib = number_of(instance.tag(ec2::kMemoryTag)),
                  .cores = number_of(instance.tag(ec2::kCoresTag)),
                  .ssh = {}};
  const bool outside = !options_.private_addresses && !instance.public_address.empty();
  machine.ssh =
      SshLogin{.host = {.address = outside ? instance.public_address : instance.private_address,
                        .user = std::string(ec2::kLoginUser),
                        .host_key = instance.tag(ec2::kHostKeyTag)},
               .jumps = {},
               .key_file = access_.key_file({instance.tag(ec2::kClusterTag)}).native()};
  return machine;
}

Result<> Ec2Provider::release(const LeaseId& token) {
  BDAAS_ASSIGN(auto instances,
               query_.all<Instance>(instances_form(ec2::filters_of(options_.installation, token))));
  std::erase_if(instances, [](const Instance& instance) { return !instance.lives(); });
  std::set<std::string> ids;
  for (const auto& instance : instances) ids.insert(instance.id);
  const auto unlisted = recent_machine(token);
  if (!unlisted.empty()) ids.insert(unlisted);
  if (ids.empty()) return {};
  const auto ended = query_.call(ec2::terminate_form({ids.begin(), ids.end()}), CallKind::changes);
  if (!ended.ok() && ended.error().kind != ErrorKind::not_found) return ended.error();
  if (!ended.ok() && !unlisted.empty()) {
    return fail(ErrorKind::unavailable, "EC2 does not know the machine {} yet", unlisted);
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = recent_.find(token);
    if (found != recent_.end() && !found->second.running) recent_.erase(found);
  }
  tidy_by(clock_.now() + kTidyEvery);
  // The machine is given back, whatever becomes of the rest: tidy() comes back to it.
  if (!instances.empty()) (void)remove_access({instances.front().tag(ec2::kClusterTag)});
  return {};
}

// One that a list may not show yet.
std::string Ec2Provider::recent_machine(const LeaseId& token) {
  const std::lock_guard lock(mutex_);
  const auto found = recent_.find(token);
  return found == recent_.end() ? std::string() : found->second.machine_id;
}

bool Ec2Provider::is_used(const ClusterId& cluster) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  std::erase_if(recent_, [&](const auto& entry) {
    return !entry.second.running && entry.second.settled_at <= now;
  });
  return std::ranges::any_of(recent_,
                             [&](const auto& entry) { return entry.second.cluster == cluster; });
}

Result<std::set<ClusterId>> Ec2Provider::living_clusters(std::vector<ec2::Filter> filters) {
  BDAAS_ASSIGN(const auto instances, query_.all<Instance>(instances_form(std::move(filters))));
  std::set<ClusterId> clusters;
  for (const auto& instance : instances) {
    if (instance.lives()) clusters.insert({instance.tag(ec2::kClusterTag)});
  }
  return clusters;
}

Result<> Ec2Provider::remove_access(const ClusterId& cluster) {
  if (is_used(cluster)) return {};
  BDAAS_ASSIGN(const auto living, living_clusters(ec2::filters_of(options_.installation, cluster)));
  if (living.contains(cluster)) return {};
  return access_.remove(cluster, [&] { return is_used(cluster); });
}

void Ec2Provider::tidy_by(Time time) {
  const std::lock_guard lock(mutex_);
  tidy_at_ = std::min(tidy_at_, time);
}

Result<> Ec2Provider::tidy() {
  {
    const std::lock_guard lock(mutex_);
    tidy_at_ = Time::max();  // what happens meanwhile puts it forward again
  }
  auto left = remove_leftovers();
  if (!left.ok() || *left) tidy_by(clock_.now() + kTidyEvery);
  return left.ok() ? Result<>() : Result<>(std::move(left).error());
}

// Whether something is left nevertheless.
Result<bool> Ec2Provider::remove_leftovers() {
  BDAAS_ASSIGN(const auto left, access_.leftovers(clock_.now() - options_.settled_after));
  if (left.old.empty()) return left.has_younger;
  BDAAS_ASSIGN(const auto living, living_clusters(ec2::filters_of(options_.installation)));
  Result<> removed;
  bool remains = left.has_younger;
  for (const auto& cluster : left.old) {
    if (living.contains(cluster) || is_used(cluster)) {
      remains = true;
      continue;
    }
    auto one = access_.remove(cluster, [&] { return is_used(cluster); });
    if (!one.ok()) removed = std::move(one);
  }
  BDAAS_TRY(std::move(removed));
  return remains;
}

Result<std::vector<ListedMachine>> Ec2Provider::list() {
  BDAAS_ASSIGN(const auto instances,
               query_.all<Instance>(instances_form({{"tag-key", {ec2::kInstallationTag}}})));
  std::vector<ListedMachine> machines;
  for (const auto& instance : instances) {
    ListedMachine listed{.installation = {instance.tag(ec2::kInstallationTag)},
                         .token = {instance.tag(ec2::kLeaseTag)},
                         .cluster = {instance.tag(ec2::kClusterTag)},
                         .machine = machine_of(instance),
                         .terminated = !instance.lives()};
    if (listed.installation != options_.installation) listed.machine.ssh->key_file.clear();
    machines.push_back(std::move(listed));
  }
  const bool due = [&] {
    const std::lock_guard lock(mutex_);
    return clock_.now() >= tidy_at_;
  }();
  if (due) (void)tidy();  // the list is right all the same; the next one tries again
  return machines;
}

Result<std::vector<Offer>> Ec2Provider::offers(const ClusterSpec&) {
  BDAAS_TRY(preflight());
  BDAAS_ASSIGN(const auto types, catalog_.types());
  std::vector<Offer> offers;
  for (const auto& type : types) {
    offers.push_back(
        {.name = type.name, .memory_mib = type.memory_mib, .cores = type.cores, .available = -1});
  }
  return offers;
}

Result<> Ec2Provider::preflight() {
  const Time now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (checked_at_ != Time{} && now < checked_at_ + kCheckEvery) return {};
  }
  BDAAS_TRY(check_options());
  BDAAS_ASSIGN(const auto types, catalog_.types());
  BDAAS_TRY(catalog_.vpc_id());
  Result<> last;
  for (const auto& type : types) {
    for (const auto& place : catalog_.places()) {
      BDAAS_ASSIGN(auto launch, launch_of(type, place));
      launch.tags = {{ec2::kInstallationTag, options_.installation.text}};
      const auto tried = query_.call(ec2::dry_run(run_instances_form(launch)), CallKind::reads);
      if (tried.ok()) {
        const std::lock_guard lock(mutex_);
        checked_at_ = now;
        return {};
      }
      last = tried.error();
      if (last.error().kind != ErrorKind::resource_exhausted) return last;
    }
  }
  return last;
}

// Nobody ends it early, so a caller's deadline is its own.
void Ec2Provider::wait(Millis time) {
  std::unique_lock lock(mutex_);
  rent_ended_.wait_for(lock, time, [] { return false; });
}

}  // namespace bdaas
