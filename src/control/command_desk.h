#pragma once
// Commands, carried out on the control thread: check, write, answer with the committed row.

#include "control/commands.h"
#include "control/control_thread.h"

namespace bdaas {

class CommandDesk final : public Commands {
 public:
  CommandDesk(ControlThread& control, Entropy& entropy) : control_(&control), entropy_(&entropy) {}

  Result<Program> add_program(const UserId& owner, Program program) override;
  Result<> remove_program(const UserId& owner, const ProgramId& id) override;
  Result<DataSet> add_data_set(const UserId& owner, DataSet data) override;
  Result<> remove_data_set(const UserId& owner, const DataSetId& id) override;

  Result<Job> create_job(const UserId& owner, JobSpec spec) override;
  Result<Job> cancel_job(const UserId& owner, const JobId& id) override;

  Result<MemoryPlan> check_cluster(const ClusterSpec& spec, std::int64_t data_bytes) override;
  Result<Cluster> create_cluster(const UserId& owner, ClusterSpec spec) override;
  Result<Cluster> resize_cluster(const UserId& owner, const ClusterId& id,
                                 std::int64_t workers) override;
  Result<Cluster> terminate_cluster(const UserId& owner, const ClusterId& id) override;

  Result<Step> add_step(const UserId& owner, const ClusterId& cluster, StepSpec spec) override;
  Result<Step> cancel_step(const UserId& owner, const StepId& id) override;

  Result<> remove_result(const UserId& owner, const ResultId& id) override;

 private:
  // These look at the machine, so not on the control thread.
  Result<> check_room(const ClusterSpec& spec, std::int64_t data_bytes) const;
  Result<> check_growth(const UserId& owner, const ClusterId& id, std::int64_t workers) const;

  ControlThread* control_;
  Entropy* entropy_;
};

}  // namespace bdaas
