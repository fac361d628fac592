#pragma once
// The states of everything that has a life, and every edge that is allowed. store.transition()
// refuses the rest. The first edge's `from` is where a new row starts. The diagrams in
// docs/states.md are generated from these tables.

#include <array>

#include "model/status.h"

namespace bdaas {

// ---- Lease: our right to one machine, and our duty to give it back ----
//
//   Requested ──▶ Rented ──▶ Ready ──▶ Releasing ──▶ Released
//       │           │          │          │   ▲
//       │           │          │          ▼   │
//       ▼           └───▶ Lost ◀┘    ReleaseFailed
//   RentFailed             │
//                          ▼         Ready ──▶ Stopping ──▶ Stopped ──▶ Rented
//                       Releasing
//
// Released: the provider's list no longer shows the machine (or shows it as terminated).
enum class LeaseState {
  requested,
  rented,
  ready,
  releasing,
  release_failed,
  released,
  rent_failed,
  stopping,
  stopped,
  lost,
};

constexpr auto enum_table(LeaseState) {
  using enum LeaseState;
  return enum_rows<LeaseState>({{requested, "Requested"},
                                {rented, "Rented"},
                                {ready, "Ready"},
                                {releasing, "Releasing"},
                                {release_failed, "ReleaseFailed"},
                                {released, "Released"},
                                {rent_failed, "RentFailed"},
                                {stopping, "Stopping"},
                                {stopped, "Stopped"},
                                {lost, "Lost"}});
}

constexpr auto edge_table(LeaseState) {
  using S = LeaseState;
  return std::to_array<Edge<S>>({
      {S::requested, S::rented, "the provider gave a machine"},
      {S::requested, S::rent_failed,
       "the provider refused, and its list shows no machine with our token"},
      {S::requested, S::releasing, "no longer wanted; the token may stand for a machine"},
      {S::rented, S::ready, "the agent on it said hello"},
      {S::rented, S::releasing, "no longer wanted, or not ready in time"},
      {S::rented, S::lost, "absent from complete lists"},
      {S::ready, S::releasing, "no longer wanted"},
      {S::ready, S::lost, "absent from complete lists"},
      {S::ready, S::stopping, "the cluster is being stopped"},
      {S::stopping, S::stopped, "the provider shows it stopped"},
      {S::stopping, S::releasing, "no longer wanted"},
      {S::stopped, S::rented, "the cluster is being started"},
      {S::stopped, S::releasing, "no longer wanted"},
      {S::stopped, S::lost, "absent from complete lists"},
      {S::lost, S::releasing, "given up; released in case it still lives"},
      {S::releasing, S::released, "the provider lists it no more"},
      {S::releasing, S::release_failed, "the provider refused"},
      {S::release_failed, S::releasing, "tried again"},
  });
}

// ---- Cluster ----
//
//   Requested ──▶ Provisioning ──▶ Bootstrapping ──▶ Starting ──▶ Running ◀──▶ Resizing
//                                                       ▲           │
//                                        Stopped ───────┘           ▼
//                                           ▲──────────────────  Stopping
//   any non-terminal ──▶ Terminating ──▶ Terminated | TerminatedWithErrors
//
enum class ClusterState {
  requested,
  provisioning,   // machines are being rented
  bootstrapping,  // agents are being put on them
  starting,       // daemons are being started
  running,        // usable: a quorum of workers is ready
  resizing,
  stopping,
  stopped,
  terminating,
  terminated,
  terminated_with_errors,
};

constexpr auto enum_table(ClusterState) {
  using enum ClusterState;
  return enum_rows<ClusterState>({{requested, "Requested"},
                                  {provisioning, "Provisioning"},
                                  {bootstrapping, "Bootstrapping"},
                                  {starting, "Starting"},
                                  {running, "Running"},
                                  {resizing, "Resizing"},
                                  {stopping, "Stopping"},
                                  {stopped, "Stopped"},
                                  {terminating, "Terminating"},
                                  {terminated, "Terminated"},
                                  {terminated_with_errors, "TerminatedWithErrors"}});
}

constexpr auto edge_table(ClusterState) {
  using S = ClusterState;
  return std::to_array<Edge<S>>({
      {S::requested, S::provisioning, "accepted; leases are written"},
      {S::provisioning, S::bootstrapping, "the master's machine is rented"},
      {S::bootstrapping, S::starting, "the master's agent said hello"},
      {S::starting, S::running, "master ready and a quorum of workers"},
      {S::running, S::resizing, "another number of workers is wanted"},
      {S::resizing, S::running, "the wanted number is reached, or the rest is given up"},
      {S::running, S::stopping, "asked to stop, machines kept"},
      {S::stopping, S::stopped, "all machines are stopped"},
      {S::stopped, S::starting, "asked to start again"},
      {S::requested, S::terminating, "asked, failed, or in time-out"},
      {S::provisioning, S::terminating, "asked, failed, or in time-out"},
      {S::bootstrapping, S::terminating, "asked, failed, or in time-out"},
      {S::starting, S::terminating, "asked, failed, or in time-out"},
      {S::running, S::terminating, "asked, idle, job done, or its master is lost"},
      {S::resizing, S::terminating, "asked, idle, job done, or its master is lost"},
      {S::stopping, S::terminating, "asked"},
      {S::stopped, S::terminating, "asked"},
      {S::terminating, S::terminated, "every lease is released"},
      {S::terminating, S::terminated_with_errors, "every lease is released; it ended by a failure"},
  });
}

// ---- Step: one program run on a cluster ----
//
//   Submitted ──▶ WaitingForCluster ──▶ Starting ──▶ Running ──▶ Succeeded | Failed
//                                                     │   ▲
//                                                     ▼   │
//                                                  Unreachable
//   any non-terminal ──▶ Cancelling ──▶ Cancelled
//
enum class StepState {
  submitted,
  waiting_for_cluster,
  starting,
  running,
  unreachable,
  cancelling,
  succeeded,
  failed,
  cancelled,
};

constexpr auto enum_table(StepState) {
  using enum StepState;
  return enum_rows<StepState>({{submitted, "Submitted"},
                               {waiting_for_cluster, "WaitingForCluster"},
                               {starting, "Starting"},
                               {running, "Running"},
                               {unreachable, "Unreachable"},
                               {cancelling, "Cancelling"},
                               {succeeded, "Succeeded"},
                               {failed, "Failed"},
                               {cancelled, "Cancelled"}});
}

constexpr auto edge_table(StepState) {
  using S = StepState;
  return std::to_array<Edge<S>>({
      {S::submitted, S::waiting_for_cluster, "accepted"},
      {S::waiting_for_cluster, S::starting, "the cluster is usable and its turn has come"},
      {S::starting, S::running, "the engine runs it"},
      {S::starting, S::succeeded, "it ended before it was seen running"},
      {S::starting, S::failed, "it could not be submitted"},
      {S::running, S::succeeded, "exit code 0"},
      {S::running, S::failed, "the program failed, timed out, or its cluster ended"},
      {S::running, S::unreachable, "the engine does not answer"},
      {S::unreachable, S::running, "the engine answers again"},
      {S::unreachable, S::succeeded, "found succeeded"},
      {S::unreachable, S::failed, "found failed, or its cluster is gone"},
      {S::unreachable, S::cancelling, "asked"},
      {S::submitted, S::cancelling, "asked"},
      {S::waiting_for_cluster, S::cancelling, "asked"},
      {S::waiting_for_cluster, S::failed, "its cluster ended before its turn"},
      {S::starting, S::cancelling, "asked, or timed out"},
      {S::running, S::cancelling, "asked, or timed out"},
      {S::cancelling, S::cancelled, "nothing of it runs any more"},
      {S::cancelling, S::failed, "ended by its time-out"},
  });
}

// ---- Job: program + data + workers + place → result ----
//
//   Submitted ──▶ Preparing ──▶ Running ──▶ Collecting ──▶ Finishing ──▶ Succeeded | Failed |
//   Cancelled
//                     │            │             │             ▲
//                     └────────────┴─────────────┴─────────────┘
//
enum class JobState {
  submitted,
  preparing,   // its cluster becomes usable, its data goes in
  running,     // its step runs
  collecting,  // output, logs and left files are written into the archive
  finishing,   // its own cluster is given back; the outcome is already known
  succeeded,
  failed,
  cancelled,
};

constexpr auto enum_table(JobState) {
  using enum JobState;
  return enum_rows<JobState>({{submitted, "Submitted"},
                              {preparing, "Preparing"},
                              {running, "Running"},
                              {collecting, "Collecting"},
                              {finishing, "Finishing"},
                              {succeeded, "Succeeded"},
                              {failed, "Failed"},
                              {cancelled, "Cancelled"}});
}

constexpr auto edge_table(JobState) {
  using S = JobState;
  return std::to_array<Edge<S>>({
      {S::submitted, S::preparing, "accepted"},
      {S::submitted, S::finishing, "cancelled before it began"},
      {S::preparing, S::running, "cluster usable, data in place"},
      {S::preparing, S::finishing, "cluster failed, data could not be moved, or cancelled"},
      {S::running, S::collecting, "the step ended"},
      {S::running, S::finishing, "the cluster is gone with the step"},
      {S::collecting, S::finishing, "archive written, or given up with its reason"},
      {S::finishing, S::succeeded, "its own cluster is gone, or it was kept or borrowed"},
      {S::finishing, S::failed, "as above; the outcome is a failure"},
      {S::finishing, S::cancelled, "as above; the outcome is a cancellation"},
  });
}

}  // namespace bdaas
