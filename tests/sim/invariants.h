#pragma once
// What must hold in one house after every event, and at the end.

#include "house.h"

namespace bdaas {

class Invariants {
 public:
  Invariants(Scene& scene, const House& house) : scene_(&scene), house_(&house) {}

  void check();
  // No faults for a while: the rows say of the agents what the agents know themselves.
  void check_rows_agree();
  // Time enough has passed for every job and step.
  void check_work_ended();
  // Everything was ended, and time has passed.
  void check_end();

 private:
  void check_notes_of_the_fakes();
  void check_event(const HistoryRow& row);
  template <class State>
  void check_edge(const HistoryRow& row);
  void check_cluster_end(const ClusterId& id);
  void check_job_end(const JobId& id);
  void check_step_end(const StepId& id);
  void check_lease_state(const HistoryRow& row);
  void check_leaver(const LeaseId& id);
  void check_machines();
  void check_reaped(const FakeMachine& stray);
  template <class N>
  void check_ended();

  template <class... Args>
  void violated(fmt::format_string<Args...> format, Args&&... args) {
    scene_->violated(
        fmt::format("{}: {}", house_->id().text, fmt::format(format, std::forward<Args>(args)...)));
  }

  Scene* scene_;
  const House* house_;
  std::size_t events_seen_ = 0;
  std::map<std::string, std::string> states_;  // by subject
};

}  // namespace bdaas
