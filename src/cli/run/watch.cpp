#include "cli/run/watch.h"

#include "cli/known_members.h"

namespace bdaas::cli {

namespace {

constexpr Millis kLastWordTimeout{2'000};

bool may_get_better(ErrorKind kind) {
  return kind == ErrorKind::unavailable || kind == ErrorKind::unknown_outcome ||
         kind == ErrorKind::deadline_exceeded || kind == ErrorKind::throttled ||
         kind == ErrorKind::unauthenticated;  // another installation's manager on the old port
}

Result<> if_there(Result<> looked) {
  if (!looked && looked.error().kind == ErrorKind::not_found) return {};
  return looked;
}

class Watch {
 public:
  Watch(Api& api, const WatchOptions& options, const std::atomic<bool>& cancel, const TellRun& tell,
        const std::atomic<bool>& stop)
      : api_(api), options_(options), cancel_(cancel), tell_(tell), stop_(stop) {}

  // True when the job has ended.
  Result<bool> look();
  Result<> send_last_word();

 private:
  std::string path() const { return "/v1/jobs/" + options_.job.text; }
  template <class T>
  Result<T> get(const std::string& path) const {
    BDAAS_ASSIGN(const auto answer, api_.get(path, &stop_));
    return noun_from<T>(answer);
  }
  Result<> look_at_cluster(const ClusterId& id);
  Result<> look_at_step(const StepId& id);

  Api& api_;
  const WatchOptions& options_;
  const std::atomic<bool>& cancel_;
  const TellRun& tell_;
  const std::atomic<bool>& stop_;
  bool cancel_taken_ = false;
};

Result<bool> Watch::look() {
  if (cancel_ && !cancel_taken_) {
    BDAAS_TRY(api_.post(path() + "/cancel", nullptr, &stop_));
    cancel_taken_ = true;
    tell_(CancelTaken{});
  }
  BDAAS_ASSIGN(const auto job, get<Job>(path()));
  tell_(TroubleSeen{});  // over, if there was any
  // The job names its cluster and step before they exist.
  if (job.cluster) BDAAS_TRY(if_there(look_at_cluster(*job.cluster)));
  if (job.step) BDAAS_TRY(if_there(look_at_step(*job.step)));
  tell_(JobSeen{job});  // last: who sees the job's end has seen the rest
  return is_terminal(job.status.state);
}

Result<> Watch::look_at_cluster(const ClusterId& id) {
  const auto path = "/v1/clusters/" + id.text;
  BDAAS_ASSIGN(const auto cluster, get<Cluster>(path));
  tell_(ClusterSeen{cluster});
  BDAAS_ASSIGN(const auto rows, api_.list(path + "/nodes", &stop_));
  BDAAS_ASSIGN(const auto nodes, nouns_from<Node>(rows));
  NodesSeen seen;
  for (const auto& node : nodes) {
    if (node.wanted) seen.nodes.push_back(view_of(node));
  }
  tell_(std::move(seen));
  return {};
}

Result<> Watch::look_at_step(const StepId& id) {
  BDAAS_ASSIGN(const auto step, get<Step>("/v1/steps/" + id.text));
  tell_(StepSeen{step});
  if (step.status.state != StepState::running) return {};
  // Progress bars only: a driver that does not answer is no reason to say anything.
  const auto rows = api_.list(fmt::format("/v1/steps/{}/stages", id.text), &stop_);
  if (!rows) return {};
  auto stages = nouns_from<Stage>(*rows);
  if (stages) tell_(StagesSeen{std::move(stages).value()});
  return {};
}

Result<> Watch::send_last_word() {
  if (!cancel_ || cancel_taken_) return {};
  const auto sent = api_.post(path() + "/cancel", nullptr, nullptr, kLastWordTimeout);
  if (!sent && sent.error().kind == ErrorKind::not_found) return {};  // nothing is left to cancel
  if (!sent) {
    return fail(ErrorKind::unknown_outcome,
                "the manager did not take the cancellation of job {0}: {1}; run `bdaas jobs cancel "
                "{0}`",
                options_.job.text, sent.error().message);
  }
  tell_(CancelTaken{});
  return {};
}

}  // namespace

Result<> watch(Api& api, const WatchOptions& options, const std::atomic<bool>& cancel,
               const TellRun& tell, TaskControl& control) {
  Watch watcher(api, options, cancel, tell, control.stop);
  do {
    const auto ended = watcher.look();
    if (control.stop) break;
    if (ended && *ended) return {};
    if (ended) continue;
    if (!may_get_better(ended.error().kind)) return ended.error();
    tell(TroubleSeen{
        fmt::format("the manager does not answer ({}); trying again", ended.error().message)});
    api.find_again(control.stop);
  } while (control.wait(options.between_looks));
  BDAAS_TRY(watcher.send_last_word());
  return fail(ErrorKind::cancelled, "stopped");
}

}  // namespace bdaas::cli
