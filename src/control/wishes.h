#pragma once
// The commands' bodies: check against the rows, write, answer with the committed row. On the
// control thread. See commands.h for what each means.

#include "control/loop.h"

namespace bdaas {

Result<Program> add_program(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                            Program program);
Result<> remove_program(ControlLoop& loop, const UserId& owner, const ProgramId& id);
Result<DataSet> add_data_set(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                             DataSet data);
Result<> remove_data_set(ControlLoop& loop, const UserId& owner, const DataSetId& id);
// The job that this owner asked for with spec.token before, if any; conflict when it was another.
Result<std::optional<Job>> find_job(const Rows& rows, const UserId& owner, const JobSpec& spec);
Result<Job> create_job(ControlLoop& loop, Entropy& entropy, const UserId& owner, JobSpec spec);
Result<Job> cancel_job(ControlLoop& loop, const UserId& owner, const JobId& id);
Result<Cluster> create_cluster(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                               ClusterSpec spec);
// The cluster as it stands, if it may be given so many workers; the machine is not looked at.
Result<Cluster> check_resize(const Rows& rows, const UserId& owner, const ClusterId& id,
                             std::int64_t workers);
Result<Cluster> resize_cluster(ControlLoop& loop, const UserId& owner, const ClusterId& id,
                               std::int64_t workers);
Result<Cluster> terminate_cluster(ControlLoop& loop, const UserId& owner, const ClusterId& id);
Result<Step> add_step(ControlLoop& loop, Entropy& entropy, const UserId& owner,
                      const ClusterId& cluster, StepSpec spec);
Result<Step> cancel_step(ControlLoop& loop, const UserId& owner, const StepId& id);
Result<> remove_result(ControlLoop& loop, const UserId& owner, const ResultId& id);

}  // namespace bdaas
