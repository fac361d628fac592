#include "control/effects.h"

#include "control/deciders.h"
#include "control/on_nodes.h"
#include "control/repeat_command.h"

namespace bdaas {

namespace {

using Cancel = std::shared_ptr<std::atomic<bool>>;
using Value = decltype(Outcome::value);
using Work = std::function<Result<Value>(const Cancel&)>;

template <class T>
Result<Value> as_value(Result<T> result) {
  if (!result) return std::move(result).error();
  if constexpr (std::is_void_v<T>) {
    return Value{};
  } else {
    return Value{*std::move(result)};
  }
}

Result<const ClusterRows*> living(const Rows& rows, const ClusterId& id) {
  const auto* cluster = rows.cluster(id);
  if (cluster == nullptr) return fail(ErrorKind::not_found, "cluster {} has ended", id.text);
  return cluster;
}

Result<Provider*> provider_of(const Seams& seams, const std::string& name) {
  const auto found = seams.providers.find(name);
  if (found == seams.providers.end()) {
    return fail(ErrorKind::invalid_argument, "there is no provider '{}'", name);
  }
  return found->second;
}

Result<EngineSet> engine_of(const Seams& seams, const std::string& name) {
  const auto found = seams.engines.find(name);
  if (found == seams.engines.end()) {
    return fail(ErrorKind::invalid_argument, "there is no engine '{}'", name);
  }
  return found->second;
}

Result<> plan_in_room(Provider& provider, const Engine& engine, const ClusterSpec& spec,
                      const Promises& promises, Prepared& prepared) {
  BDAAS_ASSIGN(const auto offers, provider.offers(spec));
  BDAAS_ASSIGN(const auto offer, first_offer(offers, provider.name()));
  const auto room = remaining(offer, promises);
  BDAAS_ASSIGN(prepared.memory, fit_offer(engine, spec, room));
  prepared.room = {offer.memory_total_mib > 0, room.memory_mib, promises.mib};
  return {};
}

Result<Work> fetch_release(const Rows& rows, const Seams& seams, const std::string& subject) {
  BDAAS_ASSIGN(const auto* cluster, living(rows, ClusterId{subject}));
  const ClusterSpec spec = cluster->cluster.spec;
  BDAAS_ASSIGN(auto* provider, provider_of(seams, spec.provider));
  BDAAS_ASSIGN(const auto set, engine_of(seams, spec.engine));
  const auto promises = promises_of(rows, spec.provider, cluster->cluster.id);
  return Work([=, releases = seams.releases](const Cancel& cancel) -> Result<Value> {
    Prepared prepared;
    prepared.release.name = spec.release;
    if (set.engine->needs_release()) {
      BDAAS_ASSIGN(prepared.release, releases->fetch(
                                         spec.release, [](std::string_view) {}, *cancel));
    }
    BDAAS_TRY(plan_in_room(*provider, *set.engine, spec, promises, prepared));
    return Value{prepared};
  });
}

Result<Work> rent(const Rows& rows, const Seams& seams, const std::string& subject) {
  const auto* member = rows.member_of_lease(LeaseId{subject});
  if (member == nullptr) return fail(ErrorKind::not_found, "lease {} has ended", subject);
  BDAAS_ASSIGN(const auto* cluster, living(rows, member->node.cluster));
  BDAAS_ASSIGN(auto* provider, provider_of(seams, member->lease.provider));
  RentRequest request;
  request.installation = seams.installation;
  request.token = member->lease.id;
  request.cluster = member->node.cluster;
  request.host = member->node.host;
  request.expires_at = member->lease.expires_at;
  request.index = member->node.index;
  request.hosts = cluster->cluster.spec.hosts;
  if (member->node.role == NodeRole::worker) {
    request.memory_mib = cluster->cluster.memory.node_memory_mib;
    request.cores = cluster->cluster.memory.node_cores;
  }
  return Work([=](const Cancel&) { return as_value(provider->rent(request)); });
}

std::optional<std::string> provider_of_stray(const Facts& facts, const LeaseId& token) {
  for (const auto& [provider, strays] : facts.strays) {
    if (strays.contains(token)) return provider;
  }
  return std::nullopt;
}

Result<Work> release(const Rows& rows, const Facts& facts, const Seams& seams,
                     const std::string& subject) {
  const LeaseId token{subject};
  const auto* member = rows.member_of_lease(token);
  // A stray machine has no lease any more: the provider whose list shows it is asked. If no list
  // does, all are, since releasing an unknown token is success; one that cannot answer keeps none
  // of the others from it.
  const auto whose =
      member != nullptr ? std::optional(member->lease.provider) : provider_of_stray(facts, token);
  std::vector<Provider*> providers;
  for (const auto& [name, provider] : seams.providers) {
    if (!whose || *whose == name) providers.push_back(provider);
  }
  return Work([=](const Cancel&) -> Result<Value> {
    Result<> all;
    for (auto* provider : providers) {
      auto one = provider->release(token);
      if (!one) all = std::move(one);
    }
    return as_value(std::move(all));
  });
}

fs::path packages_dir(const Seams& seams) { return fs::absolute(seams.state_dir.packages()); }

// Some machines of the cluster, best those that have been ready: they have what a new one needs.
std::vector<Machine> others_that_may_have(const ClusterRows& cluster, const NodeId& node) {
  constexpr std::size_t kOthersMax = 8;
  std::vector<Machine> others;
  for (const auto state : {LeaseState::ready, LeaseState::rented}) {
    for (const auto& [index, member] : cluster.members) {
      const bool fits = member.lease.status.state == state && member.node.id != node &&
                        member.lease.machine && member.lease.machine->ssh;
      if (fits && others.size() < kOthersMax) others.push_back(*member.lease.machine);
    }
  }
  return others;
}

Result<Work> place_agent(const Rows& rows, const Seams& seams, const std::string& subject) {
  const auto* member = rows.member(NodeId{subject});
  if (member == nullptr || !member->lease.machine) {
    return fail(ErrorKind::not_found, "node {} has no machine", subject);
  }
  AgentConfig config;
  config.installation = seams.installation;
  config.lease = member->lease.id;
  config.cluster = member->node.cluster;
  config.node = member->node.id;
  config.dir = member->lease.machine->dir;
  config.address = member->lease.machine->address;
  config.on_expiry = member->lease.on_expiry;
  config.expires_at = member->lease.expires_at;
  Delivery delivery{.cluster = member->node.cluster,
                    .machine = *member->lease.machine,
                    .others = {},
                    .names = {}};
  if (delivery.machine.ssh) {
    BDAAS_ASSIGN(const auto* cluster, living(rows, delivery.cluster));
    delivery.names = packages_of(cluster->cluster.release, packages_dir(seams));
    delivery.others = others_that_may_have(*cluster, member->node.id);
  }
  return Work(
      [=, placer = seams.placer, carrier = seams.carrier](const Cancel& cancel) -> Result<Value> {
        if (!delivery.names.empty()) BDAAS_TRY(carrier->carry(delivery, *cancel));
        return as_value(placer->place(delivery.machine, config));
      });
}

// ---- effects on a running engine ----

struct OnEngine {
  EngineSet set;
  ClusterFacts facts;
  MemoryPlan memory;
};

Result<OnEngine> on_engine(const Rows& rows, const Seams& seams, const ClusterId& id) {
  BDAAS_ASSIGN(const auto* cluster, living(rows, id));
  BDAAS_ASSIGN(const auto set, engine_of(seams, cluster->cluster.spec.engine));
  return OnEngine{set, cluster_facts(*cluster, seams), cluster->cluster.memory};
}

fs::path data_path(const Seams& seams, const DataSet& data) {
  return data.path.empty() ? seams.state_dir.data() / data.id.text : fs::path(data.path);
}

Result<Work> load_data(const Rows& rows, const Seams& seams, const std::string& subject) {
  const Job* job = rows.job(JobId{subject});
  if (job == nullptr) return fail(ErrorKind::not_found, "job {} has ended", subject);
  BDAAS_ASSIGN(auto on, on_engine(rows, seams, *job->cluster));
  std::vector<std::pair<DataSource, std::string>> sources;
  std::vector<DataSet> data_sets;
  for (std::size_t i = 0; i < job->spec.data.size(); ++i) {
    BDAAS_ASSIGN(const auto data, rows.store().get<DataSet>(job->spec.data[i]));
    sources.push_back(
        {DataSource{data.shape, data_path(seams, data), data.name}, job_input(job->id, i + 1)});
    data_sets.push_back(data);
  }
  return Work([=](const Cancel& cancel) -> Result<Value> {
    ReadingInPlace reading(data_sets, *cancel);
    BDAAS_TRY(reading.begin());
    LoadProgress progress(cancel);
    for (const auto& [source, dir] : sources) {
      BDAAS_TRY(on.set.service->load(on.facts, source, dir, progress));
    }
    BDAAS_ASSIGN(auto answer, reading.end());
    return Value{std::move(answer)};
  });
}

Result<Work> submit_step(const Rows& rows, const Seams& seams, const std::string& subject) {
  const Step* step = rows.step(StepId{subject});
  if (step == nullptr) return fail(ErrorKind::not_found, "step {} has ended", subject);
  BDAAS_ASSIGN(const auto on, on_engine(rows, seams, step->cluster));
  BDAAS_ASSIGN(const auto program, rows.store().get<Program>(step->spec.program));
  ProgramFacts facts;
  facts.step = step->id;
  facts.name = step->spec.name.empty() ? program.name : step->spec.name;
  facts.kind = program.kind;
  facts.file_name = program.name;
  facts.local_path = seams.state_dir.programs() / program.sha256;
  facts.main_class = step->spec.main_class;
  facts.args = step->spec.args;
  facts.settings = on.facts.spec.settings;
  for (const auto& [name, value] : step->spec.settings) facts.settings[name] = value;
  facts.env["BDAAS_OUTPUT"] = step->output;
  if (!step->inputs.empty() && step->job) {
    facts.env["BDAAS_INPUT"] = job_input_dir(*step->job, step->inputs.size());
    // On a cluster that stands it may read what others left there.
    const auto* job = rows.job(*step->job);
    if (job != nullptr && !job->spec.cluster) facts.input_bytes = rows.bytes_of(job->spec.data);
  }
  for (std::size_t i = 0; i < step->inputs.size(); ++i) {
    facts.env[fmt::format("BDAAS_INPUT_{}", i + 1)] = step->inputs[i];
  }
  const auto* master = rows.cluster(step->cluster)->master();
  return Work([=, links = seams.links, node = master->node.id](const Cancel&) -> Result<Value> {
    BDAAS_ASSIGN(const auto run, on.set.engine->plan_run(on.facts, on.memory, facts));
    if (!run) return as_value(on.set.service->submit(on.facts, on.memory, facts));
    BDAAS_TRY(on.set.service->stage(on.facts, facts));
    if (!links->send(node, RunStep{*run})) {
      return fail(ErrorKind::unavailable, "the agent of {} is not connected", node.text);
    }
    RunObservation sent;
    sent.state = RunState::accepted;
    sent.handle = kProcessHandle;
    return Value{sent};
  });
}

Result<Work> poll_step(const Rows& rows, const Seams& seams, const std::string& subject) {
  const Step* step = rows.step(StepId{subject});
  if (step == nullptr) return fail(ErrorKind::not_found, "step {} has ended", subject);
  BDAAS_ASSIGN(const auto on, on_engine(rows, seams, step->cluster));
  return Work(
      [=, id = step->id](const Cancel&) { return as_value(on.set.service->find(on.facts, id)); });
}

Result<Work> cancel_step(const Rows& rows, const Seams& seams, const std::string& subject) {
  const Step* step = rows.step(StepId{subject});
  if (step == nullptr) return fail(ErrorKind::not_found, "step {} has ended", subject);
  BDAAS_ASSIGN(const auto on, on_engine(rows, seams, step->cluster));
  const auto* master = rows.cluster(step->cluster)->master();
  return Work([=, id = step->id, handle = step->handle, links = seams.links,
               node = master->node.id](const Cancel&) -> Result<Value> {
    if (handle != kProcessHandle) return as_value(on.set.service->cancel(on.facts, id, handle));
    if (links->send(node, StopStep{id})) return Value{};
    return fail(ErrorKind::unavailable, "the agent of {} is not connected", node.text);
  });
}

Result<Work> collect(const Rows& rows, const Seams& seams, const Clock& clock,
                     const std::string& subject) {
  const Job* job = rows.job(JobId{subject});
  if (job == nullptr) return fail(ErrorKind::not_found, "job {} has ended", subject);
  CollectRequest request;
  request.result = result_of(job->id);
  request.job = *job;
  request.now = clock.now();
  const Step* step = rows.step(*job->step);
  if (step == nullptr) return fail(ErrorKind::not_found, "step of job {} has ended", subject);
  request.step = *step;
  BDAAS_ASSIGN(request.program, rows.store().get<Program>(job->spec.program));
  for (const auto& id : job->spec.data) {
    BDAAS_ASSIGN(auto data, rows.store().get<DataSet>(id));
    request.data.push_back(std::move(data));
  }
  BDAAS_ASSIGN(auto on, on_engine(rows, seams, *job->cluster));
  request.cluster = std::move(on.facts);
  request.command = repeat_command(job->spec, request.program);
  return Work([=, collector = seams.collector, spool = seams.spool](const Cancel& cancel) {
    // What has not come by now does not come any more, and the archive says so.
    if (request.step.driver_node) spool->close(request.step.id);
    return as_value(collector->collect(request, *cancel));
  });
}

Result<Work> clean_up(const Rows& rows, const Seams& seams, const std::string& subject) {
  const Job* job = rows.job(JobId{subject});
  if (job == nullptr) return fail(ErrorKind::not_found, "job {} has ended", subject);
  BDAAS_ASSIGN(const auto on, on_engine(rows, seams, *job->cluster));
  return Work([=, dir = job_dir(job->id)](const Cancel&) {
    return as_value(on.set.service->remove(on.facts, dir));
  });
}

Result<Work> decommission(const Rows& rows, const Seams& seams, const Clock& clock,
                          const std::string& subject) {
  BDAAS_ASSIGN(const auto on, on_engine(rows, seams, ClusterId{subject}));
  return Work([=, begun_at = clock.now()](const Cancel&) -> Result<Value> {
    BDAAS_ASSIGN(auto drains, on.set.service->decommission(on.facts));
    return Value{DrainAnswer{begun_at, std::move(drains)}};
  });
}

// To other computers the packages go with the agent, and from one to the next.
Lane lane_of(const Rows& rows, Effect effect, const std::string& subject) {
  if (effect == Effect::place_agent) {
    const auto* member = rows.member(NodeId{subject});
    const bool is_remote = member != nullptr && member->lease.machine && member->lease.machine->ssh;
    return is_remote ? Lane::with_others : Lane::brief;
  }
  const bool is_transfer =
      effect == Effect::load_data || effect == Effect::collect || effect == Effect::fetch_release;
  return is_transfer ? Lane::transfer : Lane::brief;
}

Result<Work> list_machines(const Seams& seams, const Clock& clock, const std::string& subject) {
  BDAAS_ASSIGN(auto* provider, provider_of(seams, subject));
  return Work([=, begun_at = clock.now()](const Cancel&) -> Result<Value> {
    BDAAS_ASSIGN(auto machines, provider->list());
    return Value{ListAnswer{begun_at, std::move(machines)}};
  });
}

Result<Work> work_of(const Rows& rows, const Facts& facts, const Seams& seams, const Clock& clock,
                     Effect effect, const std::string& subject) {
  switch (effect) {
    case Effect::fetch_release:
      return fetch_release(rows, seams, subject);
    case Effect::rent:
      return rent(rows, seams, subject);
    case Effect::release:
      return release(rows, facts, seams, subject);
    case Effect::place_agent:
      return place_agent(rows, seams, subject);
    case Effect::load_data:
      return load_data(rows, seams, subject);
    case Effect::submit_step:
      return submit_step(rows, seams, subject);
    case Effect::poll_step:
      return poll_step(rows, seams, subject);
    case Effect::cancel_step:
      return cancel_step(rows, seams, subject);
    case Effect::collect:
      return collect(rows, seams, clock, subject);
    case Effect::clean_up:
      return clean_up(rows, seams, subject);
    case Effect::decommission:
      return decommission(rows, seams, clock, subject);
    case Effect::list:
      return list_machines(seams, clock, subject);
    case Effect::apply_plan:
    case Effect::renew_lease:
      break;  // wishes in rows, sent by the link pass: see link_sync.h
  }
  return fail(ErrorKind::internal, "effect {} is not a call", to_text(effect));
}

// On other computers everything lies elsewhere, and belongs to who logs in there.
void see_from_nodes(const ClusterRows& cluster, const Seams& seams, ClusterFacts& facts) {
  const auto* master = cluster.master();
  if (master == nullptr || !master->lease.machine || !master->lease.machine->ssh) return;
  const Machine& machine = *master->lease.machine;
  const std::string base = base_of(machine);
  facts.user = machine.ssh->host.user;
  facts.agent_binary = seams.host_agents->binary(base);
  facts.release =
      on_nodes(std::move(facts.release), packages_dir(seams), HostLayout{base}.packages());
}

}  // namespace

ClusterFacts cluster_facts(const ClusterRows& cluster, const Seams& seams) {
  ClusterFacts facts;
  facts.id = cluster.cluster.id;
  facts.spec = cluster.cluster.spec;
  facts.user = seams.user;
  facts.agent_binary = seams.agent_binary;
  facts.release = cluster.cluster.release;
  see_from_nodes(cluster, seams, facts);
  for (const auto& [index, member] : cluster.members) {
    if (member.node.leaving_since) {
      facts.leaving.push_back({member.node.id, member.node.host, index, member.node.emptied});
    }
    if (!member.node.wanted || !member.lease.machine) continue;
    NodeFacts node;
    node.id = member.node.id;
    node.role = member.node.role;
    node.index = index;
    node.host = member.node.host;
    node.address = member.lease.machine->address;
    node.dir = member.lease.machine->dir;
    node.os_host = member.lease.machine->os_host;
    node.ssh = member.lease.machine->ssh;
    if (node.role == NodeRole::worker) {
      node.memory_mib = cluster.cluster.memory.node_memory_mib;
      node.cores = cluster.cluster.memory.node_cores;
    }
    facts.nodes.push_back(std::move(node));
  }
  return facts;
}

Result<EffectCall> make_call(const Rows& rows, const Facts& facts, const Seams& seams,
                             const Clock& clock, Effect effect, const std::string& subject) {
  BDAAS_ASSIGN(auto work, work_of(rows, facts, seams, clock, effect, subject));
  EffectCall call;
  call.effect = effect;
  call.subject = subject;
  call.lane = lane_of(rows, effect, subject);
  const Intent* intent = rows.intents().latest(effect, subject);
  if (intent != nullptr) call.intent = intent->id;
  call.cancel = std::make_shared<std::atomic<bool>>(false);
  call.run = [effect, subject, id = call.intent, cancel = call.cancel, work = std::move(work)] {
    Outcome outcome;
    outcome.effect = effect;
    outcome.subject = subject;
    outcome.intent = id;
    auto value = work(cancel);
    if (value) {
      outcome.value = *std::move(value);
    } else {
      outcome.error = std::move(value).error();
    }
    return outcome;
  };
  return call;
}

}  // namespace bdaas
