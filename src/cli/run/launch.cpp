#include "cli/run/launch.h"

#include "cli/fetch_release.h"
#include "cli/known_members.h"
#include "cli/retry.h"
#include "cli/send_input.h"

namespace bdaas::cli {

namespace {

constexpr Millis kBetweenProgress{100};

Result<> prepare_release(const Api& api, const std::string& name, const TellRun& tell,
                         TaskControl& control) {
  if (name.empty()) return {};
  BDAAS_ASSIGN(const bool present, release_is_present(api, name, &control.stop));
  if (present) return {};
  tell(PhaseBegan{Phase::release, "fetching " + name});
  const auto done = fetch_release(
      api, name,
      [&](std::string_view line) {
        tell(PhaseProgress{Phase::release, std::string(line)});
      },
      control);
  tell(PhaseEnded{Phase::release, done.ok()});
  return done;
}

// All transfers as one: bytes of those before count too. Told ten times a second at most.
class WholeProgress {
 public:
  WholeProgress(const TellRun& tell, std::uint64_t total) : tell_(tell), total_(total) {}

  Progress of_next(std::uint64_t bytes) {
    before_ += next_;
    next_ = bytes;
    return [this](std::uint64_t done, std::uint64_t) { say(before_ + done); };
  }

 private:
  void say(std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (now - said_ < kBetweenProgress) return;
    said_ = now;
    tell_(PhaseProgress{Phase::upload, {}, done, total_});
  }

  const TellRun& tell_;
  std::uint64_t total_;
  std::uint64_t before_ = 0;
  std::uint64_t next_ = 0;
  std::chrono::steady_clock::time_point said_{};
};

std::uint64_t bytes_to_send(const LaunchPlan& plan) {
  std::uint64_t total = 0;
  if (const auto* program = std::get_if<LocalProgram>(&plan.program)) total += program->bytes;
  for (const auto& item : plan.data) {
    if (const auto* data = std::get_if<LocalData>(&item)) total += data->source->length();
  }
  return total;
}

Result<> send_inputs(const Api& api, LaunchPlan& plan, const TellRun& tell, TaskControl& control) {
  plan.spec.data.clear();  // of an earlier try
  WholeProgress progress(tell, bytes_to_send(plan));
  if (const auto* program = std::get_if<LocalProgram>(&plan.program)) {
    BDAAS_ASSIGN(plan.spec.program,
                 send_program(api, *program, progress.of_next(program->bytes), control));
  } else {
    plan.spec.program = std::get<ProgramId>(plan.program);
  }
  for (auto& item : plan.data) {
    auto* data = std::get_if<LocalData>(&item);
    if (data == nullptr) {
      plan.spec.data.push_back(std::get<DataSetId>(item));
      continue;
    }
    BDAAS_ASSIGN(auto id, lend_data(api, *data, progress.of_next(data->source->length()), control));
    plan.spec.data.push_back(std::move(id));
  }
  return {};
}

// Before anything is fetched or sent: a cluster that cannot be is refused at once.
Result<> check_place(const Api& api, const LaunchPlan& plan, const TaskControl& control) {
  if (plan.spec.cluster) return {};
  const json::object wish{{"place", to_json(plan.spec.place)},
                          {"data_bytes", static_cast<std::int64_t>(bytes_to_send(plan))}};
  const auto answer = api.post("/v1/cluster-checks", wish, &control.stop);
  if (!answer) return answer.error();
  return {};
}

constexpr RetryPolicy kAskAgain{.attempts_max = 5};
constexpr Millis kLastAskTimeout{1'000};

// Until there is a job a manager takes nothing along when it dies: the next one is asked the same.
// One that lives has answered, for example that a registry is unavailable.
template <class Step>
Result<> with_any_manager(Api& api, TaskControl& control, Step&& step) {
  return keep_trying(
      [&] {
        Attempt attempt{step()};
        if (attempt.end) return attempt;
        const auto kind = attempt.end.error().kind;
        if (kind != ErrorKind::unavailable && kind != ErrorKind::unknown_outcome) return attempt;
        attempt.again = api.find_again(control.stop);
        return attempt;
      },
      control, kAskAgain);
}

Result<Job> post_job(const Api& api, const JobSpec& spec, const std::atomic<bool>* stop,
                     Millis timeout) {
  BDAAS_ASSIGN(const auto answer, api.post("/v1/jobs", to_json(spec), stop, timeout));
  return noun_from<Job>(answer);
}

bool leaves_it_open(ErrorKind kind) {
  return kind == ErrorKind::cancelled || is_broken_connection(kind);
}

// The same token for all questions: whichever of them arrives first makes the job, and the others
// are answered with it.
Result<Job> ask_for_job(Api& api, const JobSpec& spec, TaskControl& leaving) {
  Result<Job> job = Job{};
  bool may_be_there = false;  // a question got away that no answer came to
  auto end = keep_trying(
      [&] {
        job = post_job(api, spec, &leaving.stop, kAnswerTimeout);
        auto attempt = attempt_of(job ? Result<>{} : job.error(), false);
        if (job) return attempt;
        const auto kind = job.error().kind;
        may_be_there = leaves_it_open(kind) && (may_be_there || kind != ErrorKind::unavailable);
        if (attempt.again) api.find_again(leaving.stop);
        return attempt;
      },
      leaving, kAskAgain);
  if (end) return job;
  if (!may_be_there) return std::move(end).error();
  // A question that is given up may still make the job, after anything that a list would show. So
  // it is asked once more: the job of its answer is the one there is, and can be cancelled.
  if (leaving.stop) {
    job = post_job(api, spec, nullptr, kLastAskTimeout);
    if (job) return job;
    end = std::move(job).error();
  }
  return fail(ErrorKind::unknown_outcome,
              "the manager did not say whether it made the job: {}; look for it in `bdaas jobs "
              "list`, and end it with `bdaas jobs cancel JOB`",
              end.error().message);
}

}  // namespace

Result<Job> launch(Api& api, LaunchPlan& plan, const TellRun& tell, TaskControl& control,
                   TaskControl& leaving) {
  const auto by_any = [&](auto&& step) { return with_any_manager(api, control, step); };
  BDAAS_TRY(by_any([&] { return check_place(api, plan, control); }));
  BDAAS_TRY(by_any([&] { return prepare_release(api, plan.needs_release, tell, control); }));
  tell(PhaseBegan{Phase::upload, {}});
  const auto sent = by_any([&] { return send_inputs(api, plan, tell, control); });
  tell(PhaseEnded{Phase::upload, sent.ok()});
  BDAAS_TRY(sent);
  if (control.stop) return fail(ErrorKind::cancelled, "cancelled before the job was created");
  SystemEntropy entropy;
  plan.spec.token = random_text(entropy, 24);
  return ask_for_job(api, plan.spec, leaving);
}

}  // namespace bdaas::cli
