#pragma once
// The people of one house: they make clusters, run jobs and steps, cancel, resize, terminate, and
// sometimes pull the manager's plug. All out of the seed.

#include "house.h"

namespace bdaas {

struct Habits {
  int acts = 6;
  Millis acts_until{150'000};
  int restarts = 0;           // thousandths of the acts
  Millis down_max{5'000};     // how long a manager stays away
  bool interferes = true;     // cancels, terminates, resizes
  bool only_one_job = false;  // the simplest life there is
  bool every_effect = false;  // few acts without chance, which need every effect there is
  bool on_agent = false;      // those programs are processes of an agent
};

class Users {
 public:
  Users(Scene& scene, House& house, Habits habits)
      : scene_(&scene), house_(&house), habits_(habits) {}

  // Writes down all acts in the agenda.
  void plan();

  // Puts an end to what was made to run for ever, or to stay.
  void end_clusters();
  bool work_is_done() const;  // no job, no step left
  bool all_is_done() const;   // no cluster left either
  // Without faults, every job must succeed whose program does and which nobody stopped.
  void check_success();

 private:
  void plan_every_effect();
  void act();
  void wish(std::function<void(ControlLoop&)> wish);  // again and again until the manager is there
  void add_program(ControlLoop& loop);
  ClusterSpec cluster_spec();
  void create_job(ControlLoop& loop, std::optional<ClusterId> cluster);
  void ask_again(ControlLoop& loop, JobSpec spec, const JobId& first);
  void create_cluster(ControlLoop& loop);
  void add_step(ControlLoop& loop);
  void interfere(ControlLoop& loop);
  void resize(ControlLoop& loop, const ClusterId& cluster, std::int64_t workers);
  void cancel_later(const JobId& job);
  std::optional<ClusterId> some_kept_cluster();
  template <class N>
  std::optional<N> some();

  Scene* scene_;
  House* house_;
  Habits habits_;
  const UserId owner_{"u-sim"};
  ProgramId program_;
  std::vector<DataSetId> data_;
  std::set<JobId> must_succeed_;
  int jobs_wished_ = 0;
};

}  // namespace bdaas
