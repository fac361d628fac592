#include "control/wishes.h"

#include <algorithm>

#include "control/deciders.h"
#include "control/validate.h"

namespace bdaas {

namespace {

template <Noun N>
Result<N> owned(const Rows& rows, const UserId& owner, const IdOf<N>& id) {
  auto row = rows.store().get<N>(id);
  if (row && row->owner == owner) return row;
  if (!row && row.error().kind != ErrorKind::not_found) return row;
  return fail(ErrorKind::not_found, "there is no '{}'", id.text);
}

// Applies one change and answers with the row as it stands then.
template <Noun N>
Result<N> commit(ControlLoop& loop, Change change, const IdOf<N>& id) {
  BDAAS_TRY(loop.rows().apply({std::move(change)}, loop.now()));
  return loop.rows().store().get<N>(id);
}

template <class N>
Result<> remove_owned(ControlLoop& loop, const UserId& owner, const IdOf<N>& id) {
  Store& store = loop.rows().store();
  BDAAS_TRY(owned<N>(loop.rows(), owner, id));
  BDAAS_TRY(store.begin());
  auto removed = store.remove<N>(id);
  if (!removed) {
    store.rollback();
    return removed;
  }
  return store.commit(Durability::normal);
}

bool job_uses(const Job& job, const ProgramId& program) { return job.spec.program == program; }
bool job_uses(const Job& job, const DataSetId& data) {
  return std::find(job.spec.data.begin(), job.spec.data.end(), data) != job.spec.data.end();
}

// The data of a step are its job's.
bool step_uses(const Step& step, const ProgramId& program) { return step.spec.program == program; }
bool step_uses(const Step&, const DataSetId&) { return false; }

template <class IdType>
Result<> check_unused(const Rows& rows, const IdType& id) {
  for (const auto& [job_id, job] : rows.jobs()) {
    if (job_uses(job, id)) {
      return fail(ErrorKind::failed_precondition,
                  "{} is used by job {}; cancel it first or wait for its end", id.text,
                  job_id.text);
    }
  }
  for (const auto& [cluster_id, cluster] : rows.clusters()) {
    for (const auto& [step_id, step] : cluster.steps) {
      if (is_terminal(step.status.state) || !step_uses(step, id)) continue;
      return fail(ErrorKind::failed_precondition,
                  "{} is used by step {} of cluster {}; cancel it first or wait for its end",
                  id.text, step_id.text, cluster_id.text);
    }
  }
  return {};
}

Result<> check_usable(const Rows& rows, const UserId& owner, const ClusterId& id) {
  BDAAS_ASSIGN(const auto cluster, owned<Cluster>(rows, owner, id));
  if (cluster.wish == ClusterWish::running && !is_terminal(cluster.status.state)) return {};
  return fail(ErrorKind::failed_precondition, "cluster {} is {} and takes no more programs",
              id.text, to_text(cluster.status.state));
}

}  // namespace

Result<Program> add_program(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                            Program program) {
  Query same_name;
  same_name.owner = owner.text;
  same_name.parent = program.name;
  BDAAS_ASSIGN(const auto known, loop.rows().store().list<Program>(same_name));
  program.revision = 1;
  for (const auto& row : known) {
    if (row.sha256 == program.sha256) return row;
    program.revision = std::max(program.revision, row.revision + 1);
  }
  program.id = new_id<ProgramId>(entropy);
  program.owner = owner;
  program.created_at = loop.now();
  return commit<Program>(loop, Insert<Program>{program}, program.id);
}

Result<> remove_program(ControlLoop& loop, const UserId& owner, const ProgramId& id) {
  BDAAS_TRY(check_unused(loop.rows(), id));
  return remove_owned<Program>(loop, owner, id);
}

Result<DataSet> add_data_set(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                             DataSet data) {
  if (data.id.empty()) data.id = new_id<DataSetId>(entropy);
  data.owner = owner;
  data.created_at = loop.now();
  return commit<DataSet>(loop, Insert<DataSet>{data}, data.id);
}

Result<> remove_data_set(ControlLoop& loop, const UserId& owner, const DataSetId& id) {
  BDAAS_TRY(check_unused(loop.rows(), id));
  return remove_owned<DataSet>(loop, owner, id);
}

Result<std::optional<Job>> find_job(const Rows& rows, const UserId& owner, const JobSpec& spec) {
  if (spec.token.empty()) return std::optional<Job>{};
  Query same_token;
  same_token.owner = owner.text;
  same_token.parent = spec.token;
  BDAAS_ASSIGN(const auto known, rows.store().list<Job>(same_token));
  if (known.empty()) return std::optional<Job>{};
  const JobSpec& there = known.front().spec;
  JobSpec asked = spec;
  if (asked.name.empty()) asked.name = there.name;  // left to us then as now
  if (asked.main_class.empty()) asked.main_class = there.main_class;
  if (to_json(asked) == to_json(there)) return std::optional(known.front());
  return fail(ErrorKind::conflict,
              "token: '{}' was given for job {}, which is another one; make up a new token",
              spec.token, known.front().id.text);
}

Result<Job> create_job(ControlLoop& loop, Entropy& entropy, const UserId& owner, JobSpec spec) {
  const Rows& rows = loop.rows();
  BDAAS_ASSIGN(auto there, find_job(rows, owner, spec));
  if (there) return *std::move(there);
  BDAAS_ASSIGN(const auto program, owned<Program>(rows, owner, spec.program));
  BDAAS_ASSIGN(spec.main_class, choose_main_class(program, spec.main_class));
  if (spec.name.empty()) spec.name = program.name;
  for (const auto& id : spec.data) BDAAS_TRY(owned<DataSet>(rows, owner, id));
  if (spec.cluster) {
    BDAAS_TRY(check_usable(rows, owner, *spec.cluster));
    const auto& engine = rows.cluster(*spec.cluster)->cluster.spec.engine;
    BDAAS_TRY(loop.seams().engines.at(engine).engine->check_settings(spec.place.settings));
  }
  // The paths are made up here; only the placeholders are looked at.
  const std::vector<std::string> inputs(spec.data.size(), "/");
  BDAAS_TRY(resolve_arguments(spec.args, "/", inputs, "/"));
  Job job;
  job.id = new_id<JobId>(entropy);
  job.owner = owner;
  job.spec = spec;
  job.created_at = loop.now();
  job.status.source = "user";
  job.status.reason = Reason::user_request;
  return commit<Job>(loop, Insert<Job>{job}, job.id);
}

Result<Job> cancel_job(ControlLoop& loop, const UserId& owner, const JobId& id) {
  BDAAS_ASSIGN(auto job, owned<Job>(loop.rows(), owner, id));
  if (is_terminal(job.status.state) || job.cancel_wanted) return job;
  job.cancel_wanted = true;
  return commit<Job>(loop, Update<Job>{job}, id);
}

Result<Cluster> create_cluster(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                               ClusterSpec spec) {
  Cluster cluster;
  cluster.id = new_id<ClusterId>(entropy);
  cluster.owner = owner;
  cluster.spec = spec;
  if (cluster.spec.name.empty()) cluster.spec.name = cluster.id.text;
  cluster.created_at = loop.now();
  cluster.status.source = "user";
  cluster.status.reason = Reason::user_request;
  return commit<Cluster>(loop, Insert<Cluster>{cluster}, cluster.id);
}

Result<Cluster> check_resize(const Rows& rows, const UserId& owner, const ClusterId& id,
                             std::int64_t workers) {
  BDAAS_TRY(check_usable(rows, owner, id));
  if (workers < 1 || workers > kWorkersMax) {
    return fail(ErrorKind::invalid_argument, "workers: {} is not between 1 and {}", workers,
                kWorkersMax);
  }
  BDAAS_ASSIGN(auto cluster, owned<Cluster>(rows, owner, id));
  if (cluster.status.state != ClusterState::requested) return cluster;
  return fail(ErrorKind::failed_precondition,
              "cluster {} is {}, and its memory is being shared out for {} workers; resize it in a "
              "moment",
              id.text, to_text(cluster.status.state), cluster.spec.workers);
}

Result<Cluster> resize_cluster(ControlLoop& loop, const UserId& owner, const ClusterId& id,
                               std::int64_t workers) {
  BDAAS_ASSIGN(auto cluster, check_resize(loop.rows(), owner, id, workers));
  if (workers == cluster.spec.workers) return cluster;
  Changes changes = resize_members(*loop.rows().cluster(id), workers, loop.now());
  set_workers(cluster, workers);
  if (!changes.empty()) cluster.leaving = "the engine is being told";
  changes.push_back(Update<Cluster>{cluster});
  BDAAS_TRY(loop.rows().apply(changes, loop.now()));
  return loop.rows().store().get<Cluster>(id);
}

Result<Cluster> terminate_cluster(ControlLoop& loop, const UserId& owner, const ClusterId& id) {
  BDAAS_ASSIGN(auto cluster, owned<Cluster>(loop.rows(), owner, id));
  if (is_terminal(cluster.status.state) || cluster.wish == ClusterWish::terminated) {
    return cluster;
  }
  cluster.wish = ClusterWish::terminated;
  cluster.wish_reason = Reason::user_request;
  return commit<Cluster>(loop, Update<Cluster>{cluster}, id);
}

Result<Step> add_step(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                      const ClusterId& cluster, StepSpec spec) {
  const Rows& rows = loop.rows();
  BDAAS_TRY(check_usable(rows, owner, cluster));
  BDAAS_ASSIGN(const auto program, owned<Program>(rows, owner, spec.program));
  BDAAS_ASSIGN(spec.main_class, choose_main_class(program, spec.main_class));
  const auto& engine_name = rows.cluster(cluster)->cluster.spec.engine;
  BDAAS_TRY(loop.seams().engines.at(engine_name).engine->check_settings(spec.settings));
  if (spec.name.empty()) spec.name = program.name;
  Step step;
  step.id = new_id<StepId>(entropy);
  step.owner = owner;
  step.cluster = cluster;
  step.spec = spec;
  step.created_at = loop.now();
  step.status.source = "user";
  step.status.reason = Reason::user_request;
  return commit<Step>(loop, Insert<Step>{step}, step.id);
}

Result<Step> cancel_step(ControlLoop& loop, const UserId& owner, const StepId& id) {
  BDAAS_ASSIGN(auto step, owned<Step>(loop.rows(), owner, id));
  if (is_terminal(step.status.state) || step.cancel_wanted) return step;
  step.cancel_wanted = true;
  return commit<Step>(loop, Update<Step>{step}, id);
}

Result<> remove_result(ControlLoop& loop, const UserId& owner, const ResultId& id) {
  return remove_owned<JobResult>(loop, owner, id);
}

}  // namespace bdaas
