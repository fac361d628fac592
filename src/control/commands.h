#pragma once
// What the outside may wish. Each command is one transaction on the writer thread; it returns when
// that is committed, and the loop carries it out from there. Any thread; a call waits some
// milliseconds at most. Errors are for people: invalid_argument, not_found, conflict,
// failed_precondition, resource_exhausted. A row of another owner is not_found.

#include "model/nouns.h"

namespace bdaas {

class Commands {
 public:
  virtual ~Commands() = default;

  // id, owner, created_at, revision are given here. Equal content under an equal name is the same
  // program.
  virtual Result<Program> add_program(const UserId& owner, Program program) = 0;
  virtual Result<> remove_program(const UserId& owner, const ProgramId& id) = 0;
  virtual Result<DataSet> add_data_set(const UserId& owner, DataSet data) = 0;  // keeps a given id
  virtual Result<> remove_data_set(const UserId& owner, const DataSetId& id) = 0;

  virtual Result<Job> create_job(const UserId& owner, JobSpec spec) = 0;
  virtual Result<Job> cancel_job(const UserId& owner, const JobId& id) = 0;  // idempotent

  // What a cluster would get, or why there would be none; nothing is changed or promised.
  // data_bytes: what HDFS is to hold.
  virtual Result<MemoryPlan> check_cluster(const ClusterSpec& spec, std::int64_t data_bytes) = 0;
  virtual Result<Cluster> create_cluster(const UserId& owner, ClusterSpec spec) = 0;
  virtual Result<Cluster> resize_cluster(const UserId& owner, const ClusterId& id,
                                         std::int64_t workers) = 0;
  virtual Result<Cluster> terminate_cluster(const UserId& owner, const ClusterId& id) = 0;

  virtual Result<Step> add_step(const UserId& owner, const ClusterId& cluster, StepSpec spec) = 0;
  virtual Result<Step> cancel_step(const UserId& owner, const StepId& id) = 0;

  virtual Result<> remove_result(const UserId& owner, const ResultId& id) = 0;
};

}  // namespace bdaas
