#include "control/offer_fit.h"

namespace bdaas {

namespace {

bool is_on_its_way(ClusterState state) {
  using enum ClusterState;
  return state == requested || state == provisioning || state == bootstrapping || state == starting;
}

}  // namespace

Promises promises_of(const Rows& rows, const std::string& provider, const ClusterId& except) {
  Promises promises;
  for (const auto& [id, of_cluster] : rows.clusters()) {
    const Cluster& cluster = of_cluster.cluster;
    if (id == except || cluster.spec.provider != provider) continue;
    const auto mib = cluster.memory.total_mib(cluster.spec.workers);
    promises.mib += mib;
    if (is_on_its_way(cluster.status.state)) promises.unused_mib += mib;
  }
  return promises;
}

Result<Offer> first_offer(const std::vector<Offer>& offers, std::string_view provider) {
  if (!offers.empty()) return offers.front();
  return fail(ErrorKind::resource_exhausted, "provider {} has no machine to offer", provider);
}

Offer remaining(Offer offer, const Promises& promises) {
  if (offer.memory_total_mib > 0) {
    const auto left =
        std::min(offer.memory_mib - promises.unused_mib, offer.memory_total_mib - promises.mib);
    offer.memory_mib = std::max<std::int64_t>(0, left);
  }
  return offer;
}

Result<MemoryPlan> fit_offer(const Engine& engine, const ClusterSpec& spec,
                             const Offer& remaining) {
  const std::int64_t machines = remaining.per_machine ? spec.workers + 1 : 1;
  const auto room_of = [&](std::int64_t memory_mib) {
    return Room{.memory_mib = memory_mib,
                .cores = spec.cores > 0 ? (spec.cores + machines - 1) / machines : remaining.cores,
                .per_machine = remaining.per_machine};
  };
  if (spec.memory_mib > remaining.memory_mib * machines) {
    return fail(ErrorKind::resource_exhausted,
                "memory: {} MiB are wanted and {} MiB are free; ask for less, or end a cluster",
                spec.memory_mib, remaining.memory_mib * machines);
  }
  if (spec.memory_mib > 0) return engine.fit(spec, room_of(spec.memory_mib / machines));
  if (!remaining.per_machine) {
    auto half = engine.fit(spec, room_of(remaining.memory_mib / 2));
    if (half || half.error().kind != ErrorKind::resource_exhausted) return half;
  }
  return engine.fit(spec, room_of(remaining.memory_mib));
}

Result<> still_fits(const PlannedIn& room, const MemoryPlan& plan, std::int64_t workers,
                    const Promises& now) {
  const auto promised_since = std::max<std::int64_t>(0, now.mib - room.promised_mib);
  if (!room.is_shared || plan.total_mib(workers) + promised_since <= room.memory_mib) return {};
  return fail(ErrorKind::unavailable,
              "other clusters were promised {} MiB meanwhile, and with this one's {} MiB that is "
              "more than the {} MiB that were free",
              promised_since, plan.total_mib(workers), room.memory_mib);
}

Result<> fit_growth(const Cluster& cluster, std::int64_t workers, const Offer& remaining) {
  const MemoryPlan& plan = cluster.memory;
  const std::int64_t more = plan.total_mib(workers) - plan.total_mib(cluster.spec.workers);
  if (remaining.per_machine || more <= remaining.memory_mib) return {};
  return fail(
      ErrorKind::resource_exhausted,
      "workers: {} of {} MiB each need {} MiB more than cluster {} has, and {} MiB are free; "
      "ask for fewer, or end a cluster",
      workers, plan.worker_mib, more, cluster.id.text, remaining.memory_mib);
}

}  // namespace bdaas
