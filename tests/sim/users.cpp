#include "users.h"

#include "control/wishes.h"

namespace bdaas {

void Users::plan() {
  wish([this](ControlLoop& loop) { add_program(loop); });
  if (habits_.every_effect) return plan_every_effect();
  wish([this](ControlLoop& loop) { create_job(loop, std::nullopt); });
  if (habits_.only_one_job) return;
  for (int i = 0; i < habits_.acts; ++i) {
    const Millis after = scene_->dice.time(Millis{0}, habits_.acts_until);
    scene_->agenda.at(scene_->clock.now() + after, [this] { act(); });
  }
}

// A job on a cluster of its own, long enough for its leases to be renewed; beside it a kept cluster
// with a job (which is tidied up) and a step that is cancelled.
void Users::plan_every_effect() {
  const auto later = [this](Millis after, std::function<void(ControlLoop&)> act) {
    scene_->agenda.at(scene_->clock.now() + after, [this, act = std::move(act)] { wish(act); });
  };
  JobSpec job;
  job.program = program_;
  job.data = data_;
  job.place.provider = "fake";
  job.place.engine = "fake";
  job.place.settings["fake.time_ms"] = "50000";
  job.place.settings["fake.run_on_agent"] = habits_.on_agent ? "true" : "false";
  ClusterSpec kept = job.place;
  kept.settings["fake.time_ms"] = "2000";
  kept.workers = 2;
  wish([this, job](ControlLoop& loop) {
    const auto made = bdaas::create_job(loop, scene_->dice, owner_, job);
    if (made) must_succeed_.insert(made->id);
  });
  wish([this, kept](ControlLoop& loop) {
    (void)bdaas::create_cluster(loop, scene_->dice, owner_, kept);
  });
  later(Millis{1'000}, [this, job, kept](ControlLoop& loop) {
    JobSpec borrowing = job;
    borrowing.place = kept;
    borrowing.cluster = some_kept_cluster();
    const auto made = bdaas::create_job(loop, scene_->dice, owner_, borrowing);
    if (made) must_succeed_.insert(made->id);
  });
  StepSpec step;
  step.program = program_;
  step.settings["fake.outcome"] = "run_for_ever";
  // By then the program of the job before it has ended, wherever it ran. Who dies while it is added
  // adds it again, perhaps as a second one: all are cancelled after the last.
  later(Millis{60'000}, [this, step, later](ControlLoop& loop) {
    (void)bdaas::add_step(loop, scene_->dice, owner_, *some_kept_cluster(), step);
    later(Millis{2'000}, [this](ControlLoop& later_loop) {
      for (const auto& endless : house_->store.all<Step>()) {
        if (!endless.job) (void)cancel_step(later_loop, owner_, endless.id);
      }
    });
  });
  later(Millis{70'000}, [this](ControlLoop& loop) { resize(loop, *some_kept_cluster(), 1); });
}

void Users::resize(ControlLoop& loop, const ClusterId& cluster, std::int64_t workers) {
  scene_->trace("{} shall have {} workers", cluster.text, workers);
  (void)resize_cluster(loop, owner_, cluster, workers);
}

void Users::wish(std::function<void(ControlLoop&)> wish) {
  if (house_->wish(wish)) return;
  scene_->agenda.at(scene_->clock.now() + Millis{1'000},
                    [this, wish = std::move(wish)] { this->wish(wish); });
}

void Users::act() {
  Dice& dice = scene_->dice;
  if (dice.chance(habits_.restarts)) {
    if (!house_->up()) return;
    house_->kill_manager();
    scene_->agenda.at(scene_->clock.now() + dice.time(Millis{100}, habits_.down_max),
                      [this] { house_->start_manager(); });
    return;
  }
  const auto what = dice.between(0, habits_.interferes ? 9 : 6);
  wish([this, what](ControlLoop& loop) {
    if (what < 2) return create_job(loop, std::nullopt);
    if (what < 4) return create_job(loop, some_kept_cluster());
    if (what < 5) return create_cluster(loop);
    if (what < 7) return add_step(loop);
    interfere(loop);
  });
}

void Users::add_program(ControlLoop& loop) {
  Program program;
  program.name = "count.py";
  program.sha256 = std::string(64, '0');
  program_ = bdaas::add_program(loop, scene_->dice, owner_, program)->id;
  for (const auto* name : {"a.txt", "b.txt"}) {
    DataSet data;
    data.name = name;
    data.sha256 = std::string(64, '1');
    data_.push_back(bdaas::add_data_set(loop, scene_->dice, owner_, data)->id);
  }
}

ClusterSpec Users::cluster_spec() {
  Dice& dice = scene_->dice;
  ClusterSpec spec;
  spec.provider = "fake";
  spec.engine = "fake";
  spec.workers = dice.between(1, 3);
  spec.settings["fake.time_ms"] = std::to_string(dice.between(100, 30'000));
  if (dice.chance(300)) spec.settings["fake.run_on_agent"] = "true";
  if (dice.chance(100)) spec.settings["fake.outcome"] = "fail";
  if (dice.chance(200)) spec.settings["fake.output"] = "false";
  if (dice.chance(200)) spec.idle_timeout_ms = dice.time(Millis{1'000}, Millis{60'000});
  return spec;
}

void Users::create_job(ControlLoop& loop, std::optional<ClusterId> cluster) {
  Dice& dice = scene_->dice;
  JobSpec spec;
  spec.program = program_;
  spec.cluster = cluster;
  for (const auto& data : data_) {
    if (dice.chance(500)) spec.data.push_back(data);
  }
  if (!cluster) {
    spec.place = cluster_spec();
    spec.keep = dice.chance(250);
  }
  const bool for_ever = !cluster && habits_.interferes && dice.chance(100);
  if (for_ever) {
    spec.place.settings["fake.outcome"] = "run_for_ever";
    spec.keep = false;  // who came after would wait for ever
  }
  if (for_ever || dice.chance(100)) spec.timeout_ms = dice.time(Millis{1'000}, Millis{60'000});
  const bool succeeds = !cluster && spec.timeout_ms == Millis{0} &&
                        !spec.place.settings.contains("fake.outcome") &&
                        !spec.place.settings.contains("fake.run_on_agent");
  spec.token = fmt::format("wish {}", ++jobs_wished_);
  const auto job = bdaas::create_job(loop, scene_->dice, owner_, spec);
  if (!job) return scene_->trace("refused: {}", job.error().message);
  ask_again(loop, spec, job->id);
  scene_->trace("{} is wished {}", job->id.text, cluster ? cluster->text : std::string());
  if (succeeds) must_succeed_.insert(job->id);
  if (habits_.interferes && dice.chance(200)) cancel_later(job->id);
}

// As who lost the first answer.
void Users::ask_again(ControlLoop& loop, JobSpec spec, const JobId& first) {
  const auto again = bdaas::create_job(loop, scene_->dice, owner_, spec);
  if (!again || again->id != first) scene_->violated("a token gave a second job");
  spec.timeout_ms += Millis{1};
  const auto other = bdaas::create_job(loop, scene_->dice, owner_, spec);
  if (other) scene_->violated("a token was taken for another job");
}

void Users::cancel_later(const JobId& job) {
  must_succeed_.erase(job);
  scene_->agenda.at(scene_->clock.now() + scene_->dice.time(Millis{0}, Millis{60'000}),
                    [this, job] {
                      wish([this, job](ControlLoop& loop) {
                        scene_->trace("{} shall be cancelled", job.text);
                        (void)cancel_job(loop, owner_, job);
                      });
                    });
}

void Users::create_cluster(ControlLoop& loop) {
  const auto cluster = bdaas::create_cluster(loop, scene_->dice, owner_, cluster_spec());
  if (cluster) scene_->trace("{} is wished", cluster->id.text);
}

void Users::add_step(ControlLoop& loop) {
  const auto cluster = some_kept_cluster();
  if (!cluster) return create_cluster(loop);
  Dice& dice = scene_->dice;
  StepSpec spec;
  spec.program = program_;
  spec.settings["fake.time_ms"] = std::to_string(dice.between(100, 20'000));
  if (dice.chance(150)) spec.settings["fake.outcome"] = "run_for_ever";
  if (spec.settings.contains("fake.outcome") || dice.chance(200)) {
    spec.timeout_ms = dice.time(Millis{500}, Millis{60'000});
  }
  const auto step = bdaas::add_step(loop, scene_->dice, owner_, *cluster, spec);
  if (!step || !habits_.interferes || !dice.chance(300)) return;
  scene_->agenda.at(scene_->clock.now() + dice.time(Millis{0}, Millis{60'000}),
                    [this, id = step->id] {
                      wish([this, id](ControlLoop& loop_then) {
                        scene_->trace("{} shall be cancelled", id.text);
                        (void)cancel_step(loop_then, owner_, id);
                      });
                    });
}

void Users::interfere(ControlLoop& loop) {
  Dice& dice = scene_->dice;
  const auto cluster = some<Cluster>();
  if (!cluster) return;
  if (dice.chance(600)) {
    return resize(loop, cluster->id, dice.between(1, cluster->spec.workers + 2));
  }
  if (cluster->job) must_succeed_.erase(*cluster->job);
  for (const auto& job : house_->store.all<Job>()) {
    if (job.cluster == cluster->id) must_succeed_.erase(job.id);
  }
  scene_->trace("{} shall end", cluster->id.text);
  (void)terminate_cluster(loop, owner_, cluster->id);
}

template <class N>
std::optional<N> Users::some() {
  std::vector<N> living;
  for (const auto& row : house_->store.all<N>()) {
    if (!is_terminal(row.status.state)) living.push_back(row);
  }
  if (living.empty()) return std::nullopt;
  return living[static_cast<std::size_t>(
      scene_->dice.between(0, static_cast<std::int64_t>(living.size()) - 1))];
}

std::optional<ClusterId> Users::some_kept_cluster() {
  for (const auto& row : house_->store.all<Cluster>()) {
    if (row.wish == ClusterWish::running && !is_terminal(row.status.state) && !row.job) {
      return row.id;
    }
  }
  return std::nullopt;
}

void Users::end_clusters() {
  wish([this](ControlLoop& loop) {
    for (const auto& row : house_->store.all<Cluster>()) {
      if (!is_terminal(row.status.state)) (void)terminate_cluster(loop, owner_, row.id);
    }
  });
}

bool Users::work_is_done() const {
  if (!house_->up() || !house_->loop().rows().jobs().empty()) return false;
  for (const auto& [id, cluster] : house_->loop().rows().clusters()) {
    for (const auto& [step_id, step] : cluster.steps) {
      if (!is_terminal(step.status.state)) return false;
    }
  }
  return true;
}

bool Users::all_is_done() const {
  return house_->up() && house_->loop().rows().clusters().empty() && house_->living().empty() &&
         house_->loop().rows().jobs().empty();
}

void Users::check_success() {
  for (const auto& cluster : house_->store.all<Cluster>()) {
    if (cluster.status.state != ClusterState::terminated_with_errors) continue;
    scene_->violated(fmt::format("{} ended with an error: {} {}", cluster.id.text,
                                 to_text(cluster.status.reason), cluster.status.message));
  }
  for (const auto& id : must_succeed_) {
    const auto job = house_->store.get<Job>(id);
    if (job->status.state == JobState::succeeded) continue;
    scene_->violated(fmt::format("{} should have succeeded, but {}: {} {}", id.text,
                                 to_text(job->status.state), to_text(job->status.reason),
                                 job->status.message));
  }
}

}  // namespace bdaas
