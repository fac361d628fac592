#include "control/offer_fit.h"

namespace bdaas {

std::int64_t promised_mib(const Rows& rows, const std::string& provider, const ClusterId& except) {
  std::int64_t total = 0;
  for (const auto& [id, cluster] : rows.clusters()) {
    if (id == except || cluster.cluster.spec.provider != provider) continue;
    total += cluster.cluster.memory.total_mib(cluster.cluster.spec.workers);
  }
  return total;
}

Result<Offer> first_offer(const std::vector<Offer>& offers, std::string_view provider) {
  if (!offers.empty()) return offers.front();
  return fail(ErrorKind::resource_exhausted, "provider {} has no machine to offer", provider);
}

Offer remaining(Offer offer, std::int64_t promised_mib) {
  if (offer.memory_total_mib > 0) {
    const std::int64_t unpromised =
        std::max<std::int64_t>(0, offer.memory_total_mib - promised_mib);
    offer.memory_mib = std::min(offer.memory_mib, unpromised);
  }
  return offer;
}

Result<MemoryPlan> fit_offer(const Engine& engine, const ClusterSpec& spec,
                             const Offer& remaining) {
  const std::int64_t cores = spec.cores > 0 ? spec.cores : remaining.cores;
  if (spec.memory_mib > remaining.memory_mib) {
    return fail(ErrorKind::resource_exhausted,
                "memory: {} MiB are wanted and {} MiB are free; ask for less, or end a cluster",
                spec.memory_mib, remaining.memory_mib);
  }
  if (spec.memory_mib > 0) return engine.fit(spec, spec.memory_mib, cores);
  auto half = engine.fit(spec, remaining.memory_mib / 2, cores);
  if (half || half.error().kind != ErrorKind::resource_exhausted) return half;
  return engine.fit(spec, remaining.memory_mib, cores);
}

Result<> fit_growth(const Cluster& cluster, std::int64_t workers, const Offer& remaining) {
  const MemoryPlan& plan = cluster.memory;
  const std::int64_t more = plan.total_mib(workers) - plan.total_mib(cluster.spec.workers);
  if (more <= remaining.memory_mib) return {};
  return fail(
      ErrorKind::resource_exhausted,
      "workers: {} of {} MiB each need {} MiB more than cluster {} has, and {} MiB are free; "
      "ask for fewer, or end a cluster",
      workers, plan.worker_mib, more, cluster.id.text, remaining.memory_mib);
}

}  // namespace bdaas
