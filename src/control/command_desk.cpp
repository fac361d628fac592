#include "control/command_desk.h"

#include "control/offer_fit.h"
#include "control/validate.h"
#include "control/wishes.h"

namespace bdaas {

namespace {

template <class Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

// What logs, scratch space and the files of HDFS itself take at least.
constexpr std::int64_t kClusterDiskMib = 512;
// What HDFS has to find free beside the data: its reserve, and a block that is begun.
constexpr std::int64_t kBesideDataMib = 192;

Result<> check_disk(const Offer& offer, std::string_view what, std::int64_t beside_mib,
                    std::int64_t data_bytes) {
  const std::int64_t data_mib = (data_bytes + (1 << 20) - 1) >> 20;
  if (offer.disk_mib < 0 || offer.disk_mib >= beside_mib + data_mib) return {};
  return fail(ErrorKind::resource_exhausted,
              "{} needs {} MiB of free disk ({} MiB of it for the data) and there are {} MiB: free "
              "some, or set BDAAS_HOME to a directory on a larger disk",
              what, beside_mib + data_mib, data_mib, offer.disk_mib);
}

// Machines of their own are counted.
Result<> check_machines(const Offer& offer, std::int64_t more) {
  if (!offer.per_machine || offer.available < 0 || offer.available >= more) return {};
  return fail(
      ErrorKind::resource_exhausted,
      "{} machines are needed and {} can be had now: ask for fewer workers, or end a cluster", more,
      offer.available);
}

// What the checks of a new job have to know of the rows.
struct BeforeJob {
  std::optional<Job> there;  // asked for before
  std::int64_t data_bytes = 0;
  std::optional<ClusterSpec> borrowed;  // of the cluster it borrows; none: it has ended, or none
};

Result<BeforeJob> look_before(const Rows& rows, const UserId& owner, const JobSpec& spec) {
  BeforeJob found;
  BDAAS_ASSIGN(found.there, find_job(rows, owner, spec));
  found.data_bytes = rows.bytes_of(spec.data);
  const auto* cluster = spec.cluster ? rows.cluster(*spec.cluster) : nullptr;
  if (cluster != nullptr) found.borrowed = cluster->cluster.spec;
  return found;
}

}  // namespace

// Looks at the machine and the engine, so not on the control thread.
Result<MemoryPlan> CommandDesk::check_cluster(const ClusterSpec& spec, std::int64_t data_bytes) {
  const Seams& seams = control_->seams();
  BDAAS_ASSIGN(const auto known, seams.releases->list());
  std::vector<std::string> releases;
  for (const auto& release : known) releases.push_back(release.name);
  BDAAS_TRY(check_cluster_spec(spec, names_of(seams.providers), names_of(seams.engines), releases));
  const Engine& engine = *seams.engines.at(spec.engine).engine;
  BDAAS_TRY(engine.check_settings(spec.settings));
  Provider& provider = *seams.providers.at(spec.provider);
  BDAAS_TRY(provider.check_ports(spec, engine.ports(spec)));
  BDAAS_ASSIGN(const auto offers, provider.offers(spec));
  BDAAS_ASSIGN(const auto offer, first_offer(offers, spec.provider));
  BDAAS_TRY(check_machines(offer, spec.workers + 1));
  BDAAS_TRY(check_disk(offer, "the cluster", kClusterDiskMib, data_bytes));
  BDAAS_ASSIGN(const auto promises, control_->call([&](ControlLoop& loop) -> Result<Promises> {
    return promises_of(loop.rows(), spec.provider, ClusterId{});
  }));
  return fit_offer(engine, spec, remaining(offer, promises));
}

// On a cluster that stands.
Result<> CommandDesk::check_room(const ClusterSpec& spec, std::int64_t data_bytes) const {
  if (data_bytes == 0) return {};
  BDAAS_ASSIGN(const auto offers, control_->seams().providers.at(spec.provider)->offers(spec));
  if (offers.empty()) return {};
  return check_disk(offers.front(), "HDFS", kBesideDataMib, data_bytes);
}

// A smaller cluster, or a larger one that finds room.
Result<> CommandDesk::check_growth(const UserId& owner, const ClusterId& id,
                                   std::int64_t workers) const {
  struct Before {
    Cluster cluster;
    Promises promises;  // to all clusters of its provider
  };
  BDAAS_ASSIGN(const auto before, control_->call([&](ControlLoop& loop) -> Result<Before> {
    BDAAS_ASSIGN(auto cluster, check_resize(loop.rows(), owner, id, workers));
    const auto promises = promises_of(loop.rows(), cluster.spec.provider, ClusterId{});
    return Before{std::move(cluster), promises};
  }));
  const ClusterSpec& spec = before.cluster.spec;
  if (workers <= spec.workers) return {};
  BDAAS_ASSIGN(const auto offers, control_->seams().providers.at(spec.provider)->offers(spec));
  BDAAS_ASSIGN(const auto offer, first_offer(offers, spec.provider));
  BDAAS_TRY(check_machines(offer, workers - spec.workers));
  return fit_growth(before.cluster, workers, remaining(offer, before.promises));
}

Result<Program> CommandDesk::add_program(const UserId& owner, Program program) {
  BDAAS_TRY(check_name("name", program.name));
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::add_program(loop, *entropy_, owner, program); });
}

Result<> CommandDesk::remove_program(const UserId& owner, const ProgramId& id) {
  return control_->call([&](ControlLoop& loop) { return bdaas::remove_program(loop, owner, id); });
}

Result<DataSet> CommandDesk::add_data_set(const UserId& owner, DataSet data) {
  BDAAS_TRY(check_name("name", data.name, 255));
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::add_data_set(loop, *entropy_, owner, data); });
}

Result<> CommandDesk::remove_data_set(const UserId& owner, const DataSetId& id) {
  return control_->call([&](ControlLoop& loop) { return bdaas::remove_data_set(loop, owner, id); });
}

Result<Job> CommandDesk::create_job(const UserId& owner, JobSpec spec) {
  BDAAS_TRY(check_name("name", spec.name));
  BDAAS_TRY(check_timeout(spec.timeout_ms));
  BDAAS_TRY(check_name("token", spec.token, 64));
  BDAAS_ASSIGN(const auto found, control_->call([&](ControlLoop& loop) {
    return look_before(loop.rows(), owner, spec);
  }));
  if (found.there) return *found.there;
  if (spec.cluster) {
    if (found.borrowed) BDAAS_TRY(check_room(*found.borrowed, found.data_bytes));
  } else {
    BDAAS_TRY(check_cluster(spec.place, found.data_bytes));
  }
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::create_job(loop, *entropy_, owner, spec); });
}

Result<Job> CommandDesk::cancel_job(const UserId& owner, const JobId& id) {
  return control_->call([&](ControlLoop& loop) { return bdaas::cancel_job(loop, owner, id); });
}

Result<Cluster> CommandDesk::create_cluster(const UserId& owner, ClusterSpec spec) {
  BDAAS_TRY(check_cluster(spec, 0));
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::create_cluster(loop, *entropy_, owner, spec); });
}

Result<Cluster> CommandDesk::resize_cluster(const UserId& owner, const ClusterId& id,
                                            std::int64_t workers) {
  BDAAS_TRY(check_growth(owner, id, workers));
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::resize_cluster(loop, owner, id, workers); });
}

Result<Cluster> CommandDesk::terminate_cluster(const UserId& owner, const ClusterId& id) {
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::terminate_cluster(loop, owner, id); });
}

Result<Step> CommandDesk::add_step(const UserId& owner, const ClusterId& cluster, StepSpec spec) {
  BDAAS_TRY(check_name("name", spec.name));
  BDAAS_TRY(check_timeout(spec.timeout_ms));
  return control_->call(
      [&](ControlLoop& loop) { return bdaas::add_step(loop, *entropy_, owner, cluster, spec); });
}

Result<Step> CommandDesk::cancel_step(const UserId& owner, const StepId& id) {
  return control_->call([&](ControlLoop& loop) { return bdaas::cancel_step(loop, owner, id); });
}

Result<> CommandDesk::remove_result(const UserId& owner, const ResultId& id) {
  return control_->call([&](ControlLoop& loop) { return bdaas::remove_result(loop, owner, id); });
}

}  // namespace bdaas
