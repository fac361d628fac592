// A whole run against a manager that plays its part by script: outputs, exit codes, Ctrl-C.

#include "cli/run/run_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <condition_variable>

#include "base/digest.h"
#include "base/temp_dir.h"
#include "cli/fake_server.h"
#include "cli/run/launch.h"

namespace bdaas::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using Steady = std::chrono::steady_clock;

// Far below what a request to the manager may take otherwise.
constexpr std::chrono::seconds kSoon{10};

// The states of one job; a test moves it on.
class ScriptedJob {
 public:
  void operator()(Exchange& exchange) {
    const auto path = exchange.target.substr(0, exchange.target.find('?'));
    if (path == "/v1/events") return stream_events(exchange);
    if (path == "/v1/jobs") return be_asked(exchange);
    if (path == "/v1/jobs/j-1") return exchange.answer(200, job());
    if (path == "/v1/jobs/j-1/cancel") {
      if (cancels_are_lost) return;
      ++cancels;
      if (cancel_ends_it) end("Cancelled", "user_request", "");
      return exchange.answer(200, job());
    }
    if (path == "/v1/clusters/c-1") return exchange.answer(200, cluster());
    if (path == "/v1/clusters/c-1/nodes") return exchange.answer(200, R"({"items":[]})");
    if (path == "/v1/steps/s-1/log") return stream_log(exchange);
    if (path == "/v1/steps/s-1/stages") return exchange.answer(503);
    if (path == "/v1/steps/s-1" && step_exists()) return exchange.answer(200, step());
    if (path == "/v1/results/r-1/archive") return exchange.answer(200, archive);
    if (path == "/v1/results/r-1") {
      return exchange.answer(
          200, fmt::format(R"({{"id":"r-1","owner":"u-1","job":"j-1","sha256":"{}","bytes":{}}})",
                           archive_sha256, archive.size()));
    }
    exchange.answer(404, R"({"error":{"kind":"not_found","message":"no such path"}})");
  }

  std::string job() {
    const std::lock_guard lock(mutex_);
    return job_text();
  }
  void move(std::string state) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
    ++seq_;
    changed_.notify_all();
  }
  void end(std::string state, std::string reason, std::string message) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
    reason_ = std::move(reason);
    message_ = std::move(message);
    ++seq_;
    changed_.notify_all();
  }

  std::string archive = "archive";
  std::string archive_sha256 = sha256_hex("archive");
  std::string log = "9573\n";
  std::atomic<bool> has_result{true};
  std::atomic<bool> cancel_ends_it{true};
  std::atomic<bool> cancels_are_lost{false};
  std::atomic<int> silent_asks{0};  // so many questions for the job are not answered
  std::function<void()> on_ask;     // at the first of them
  std::atomic<int> asks{0};
  std::atomic<int> cancels{0};

 private:
  std::string job_text() const {
    const bool over = state_ == "Succeeded" || state_ == "Failed" || state_ == "Cancelled";
    std::string text = fmt::format(
        R"({{"id":"j-1","owner":"u-1","spec":{{"name":"wc.py","program":"p-1"}},)"
        R"("status":{{"state":"{}","since":"2026-01-31T08:00:00.000Z"}},"cluster":"c-1")",
        state_);
    if (state_ != "Submitted") text += R"(,"step":"s-1")";  // named before it exists
    if (has_result && (over || state_ == "Finishing")) text += R"(,"result":"r-1")";
    if (over) {
      text += fmt::format(R"(,"outcome":"{}","outcome_reason":"{}","outcome_message":"{}")", state_,
                          reason_, message_);
    }
    return text + "}";
  }
  void be_asked(Exchange& exchange) {
    const int ask = ++asks;
    if (ask == 1 && on_ask) on_ask();
    if (ask <= silent_asks) return exchange.wait_for_end();
    exchange.answer(201, job());
  }
  bool step_exists() {
    const std::lock_guard lock(mutex_);
    return state_ != "Submitted" && state_ != "Preparing";
  }
  static std::string cluster() {
    return R"({"id":"c-1","owner":"u-1","spec":{"workers":1},)"
           R"("status":{"state":"Starting","since":"2026-01-31T08:00:00.000Z"}})";
  }
  std::string step() {
    return R"({"id":"s-1","owner":"u-1","cluster":"c-1","spec":{"program":"p-1"},)"
           R"("status":{"state":"Running","since":"2026-01-31T08:00:00.000Z"},)"
           R"("last_lines":"Traceback: boom"})";
  }
  void stream_log(Exchange& exchange) {
    exchange.begin_chunks("text/plain");
    exchange.chunk(log);
    exchange.end_chunks();
  }
  // Tells the present state, again and again when it changes.
  void stream_events(Exchange& exchange) {
    exchange.begin_chunks("text/event-stream");
    std::int64_t told = 0;
    while (!exchange.over()) {
      {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, kTick, [&] { return seq_ > told; })) {
          told = seq_;
          exchange.chunk(fmt::format(
              "id: {0}\ndata: {{\"seq\":{0},\"at\":\"2026-01-31T08:00:00.000Z\",\"kind\":\"jobs\","
              "\"subject\":\"j-1\",\"from\":\"x\",\"to\":\"{1}\"}}\n\n",
              told, state_));
        }
      }
      if (!exchange.chunk(": tick\n\n")) return;  // the client has gone
    }
  }

  static constexpr Millis kTick{20};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string state_ = "Preparing";
  std::string reason_ = "none";
  std::string message_;
  std::int64_t seq_ = 1;
};

// Moves the job on as soon as the run has come that far.
class ScriptedView final : public RunView {
 public:
  ScriptedView(std::unique_ptr<RunView> view, std::function<void(const RunModel&)> script)
      : view_(std::move(view)), script_(std::move(script)) {}
  void show(const RunModel& model, std::span<const RunChange> changes, Time now) override {
    view_->show(model, changes, now);
    script_(model);
  }
  void tick(const RunModel& model, Time) override { script_(model); }  // also after each input
  void finish(const RunModel& model, ExitCode code, const Error* error, Time now) override {
    view_->finish(model, code, error, now);
  }

 private:
  std::unique_ptr<RunView> view_;
  std::function<void(const RunModel&)> script_;
};

class RunSessionTest : public testing::Test {
 protected:
  RunSessionTest() : out_fd_(::memfd_create("out", 0)), err_fd_(::memfd_create("err", 0)) {
    options_.model.title = "wc.py";
    options_.output = dir_.path() / "wc.tar.gz";
    options_.start = [this](const TellRun&, TaskControl&, TaskControl&) -> Result<Job> {
      return noun_from_text(manager_.job());
    };
  }

  static Result<Job> noun_from_text(const std::string& text) {
    BDAAS_ASSIGN(const auto value, parse_json(text));
    return from_json<Job>(value);
  }

  // On a cluster that stands: one request makes the job. A Ctrl-C comes while it is out.
  void interrupt_the_question() {
    plan_.program = ProgramId{"p-1"};
    plan_.spec.cluster = ClusterId{"c-1"};
    options_.start = [this](const TellRun& tell, TaskControl& control, TaskControl& leaving) {
      return launch(api_, plan_, tell, control, leaving);
    };
    manager_.on_ask = [] { ::kill(::getpid(), SIGINT); };
  }

  Result<ExitCode> run(const std::function<void(const RunModel&)>& script, bool json = false) {
    const std::map<std::string, std::string> env;
    Output out(out_fd_.get(), env);
    Output err(err_fd_.get(), env);
    ScriptedView view(make_view(out, err, json), script);
    return run_session(api_, options_, view, signals_);
  }

  static std::string content(const UniqueFd& fd) {
    std::string text(1 << 16, '\0');
    const auto got = ::pread(fd.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  std::string out() const { return content(out_fd_); }
  std::string err() const { return content(err_fd_); }

  // Once for each condition that comes true.
  struct Once {
    bool done = false;
    bool operator()(bool condition) { return condition && !std::exchange(done, true); }
  };

  Signals signals_;  // before any thread
  TempDir dir_ = TempDir::make().value();
  ScriptedJob manager_;
  FakeServer server_{[this](Exchange& exchange) { manager_(exchange); }};
  std::atomic<int> manager_searches_{0};
  Api api_{Endpoint{server_.url(), Secret<std::string>("t")},
           [this](const std::atomic<bool>&) -> Result<Endpoint> {
             ++manager_searches_;
             return Endpoint{server_.url(), Secret<std::string>("t")};
           }};
  RunSessionOptions options_;
  LaunchPlan plan_;
  UniqueFd out_fd_;
  UniqueFd err_fd_;
};

TEST_F(RunSessionTest, Success) {
  Once started;
  Once running;
  const auto code = run([&](const RunModel& model) {
    const auto& cluster = model.phase(Phase::cluster);
    if (started(cluster.detail == "starting daemons")) manager_.move("Running");
    if (running(!model.step.empty())) manager_.end("Succeeded", "none", "");
  });
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, ExitCode::ok);
  EXPECT_EQ(out(), "9573\n");
  EXPECT_THAT(err(), HasSubstr("wc.py succeeded after"));
  EXPECT_THAT(err(), HasSubstr("result: " + (dir_.path() / "wc.tar.gz").native()));
  EXPECT_EQ(read_file(dir_.path() / "wc.tar.gz").value(), "archive");
}

TEST_F(RunSessionTest, JsonOnStdoutOnly) {
  manager_.end("Succeeded", "none", "");
  const auto code = run([](const RunModel&) {}, true);
  EXPECT_EQ(code.value(), ExitCode::ok);
  EXPECT_EQ(err(), "");
  std::istringstream lines(out());
  std::string last_type;
  for (std::string line; std::getline(lines, line);) {
    const auto value = parse_json(line);
    ASSERT_TRUE(value.ok()) << line;
    last_type = value->at("type").get_string().c_str();
  }
  EXPECT_EQ(last_type, "result");
  EXPECT_THAT(out(), HasSubstr(R"({"type":"output","stream":"stdout","text":"9573\n"})"));
}

TEST_F(RunSessionTest, FailureTellsTheProgramsLastLines) {
  Once running;
  manager_.move("Running");
  const auto code = run([&](const RunModel& model) {
    if (running(!model.last_lines.empty())) manager_.end("Failed", "program_failed", "exit code 1");
  });
  EXPECT_EQ(code.value(), ExitCode::failed);
  EXPECT_THAT(err(), HasSubstr("bdaas: job j-1 failed: exit code 1"));
  EXPECT_THAT(err(), HasSubstr("Traceback: boom"));
}

TEST_F(RunSessionTest, ExitCodesFollowTheReason) {
  manager_.has_result = false;
  manager_.end("Failed", "timed_out", "ran 10 min");
  EXPECT_EQ(run([](const RunModel&) {}).value(), ExitCode::timed_out);
}

TEST_F(RunSessionTest, ABadArchiveIsAnErrorThoughTheJobSucceeded) {
  manager_.archive_sha256 = sha256_hex("other");
  manager_.end("Succeeded", "none", "");
  const auto code = run([](const RunModel&) {});
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().kind, ErrorKind::corrupted);
  EXPECT_FALSE(fs::exists(dir_.path() / "wc.tar.gz"));
}

TEST_F(RunSessionTest, AJobThatCannotBeCreatedEndsIt) {
  options_.start = [](const TellRun&, TaskControl&, TaskControl&) -> Result<Job> {
    return fail(ErrorKind::resource_exhausted, "3 workers need 7 GiB, and 4 GiB are free");
  };
  const auto code = run([](const RunModel&) {});
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(exit_code_of(code.error().kind), ExitCode::no_resources);
}

TEST_F(RunSessionTest, AJobThatIsGoneEndsIt) {
  options_.start = [](const TellRun&, TaskControl&, TaskControl&) -> Result<Job> {
    Job job;
    job.id = JobId{"j-2"};
    return job;
  };
  const auto code = run([](const RunModel&) {});
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().kind, ErrorKind::not_found);
}

TEST_F(RunSessionTest, AManagerThatMovedIsFoundAgain) {
  api_.move_to({"http://127.0.0.1:1", Secret<std::string>("t")});
  manager_.move("Running");
  bool was_away = false;
  Once back;
  const auto code = run([&](const RunModel& model) {
    was_away = was_away || !model.trouble.empty();
    if (back(was_away && model.trouble.empty())) manager_.end("Succeeded", "none", "");
  });
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, ExitCode::ok);
  EXPECT_EQ(manager_searches_, 1);
  EXPECT_THAT(err(), HasSubstr("the manager answers again"));
  EXPECT_EQ(out(), "9573\n");
}

// ---- Ctrl-C ----

TEST_F(RunSessionTest, CtrlCCancelsAndWaitsForTheEnd) {
  manager_.move("Running");
  manager_.has_result = false;
  Once running;
  const auto code = run([&](const RunModel& model) {
    if (running(!model.step.empty())) ::kill(::getpid(), SIGINT);
  });
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_EQ(manager_.cancels, 1);
  EXPECT_THAT(err(), HasSubstr("cancelling"));
  EXPECT_THAT(err(), HasSubstr("wc.py was cancelled after"));
}

TEST_F(RunSessionTest, SigtermIsTakenTheSameWay) {
  manager_.has_result = false;
  Once seen;
  const auto code = run([&](const RunModel& model) {
    if (seen(!model.job.empty())) ::kill(::getpid(), SIGTERM);
  });
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_EQ(manager_.cancels, 1);
}

TEST_F(RunSessionTest, ASecondCtrlCLeavesAtOnceButTheCancelIsSent) {
  manager_.cancel_ends_it = false;  // this job does not want to end
  Once first;
  Once second;
  const auto code = run([&](const RunModel& model) {
    if (first(!model.job.empty())) ::kill(::getpid(), SIGINT);
    if (second(model.cancel_asked)) ::kill(::getpid(), SIGINT);
  });
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_GE(manager_.cancels, 1);
  EXPECT_THAT(err(), HasSubstr("is being cancelled without this terminal"));
}

TEST_F(RunSessionTest, ACancelThatIsNotTakenWhenWeLeaveNamesTheCommand) {
  manager_.cancels_are_lost = true;
  Once first;
  Once second;
  const auto code = run([&](const RunModel& model) {
    if (first(!model.job.empty())) ::kill(::getpid(), SIGINT);
    if (second(model.cancel_asked)) ::kill(::getpid(), SIGINT);
  });
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(exit_code_of(code.error().kind), ExitCode::cancelled);
  EXPECT_THAT(code.error().message, HasSubstr("`bdaas jobs cancel j-1`"));
  EXPECT_THAT(err(), HasSubstr("goes on without this terminal"));
}

TEST_F(RunSessionTest, CtrlCBeforeTheJobExistsStopsTheLaunch) {
  options_.start = [](const TellRun& tell, TaskControl& control, TaskControl&) -> Result<Job> {
    tell(PhaseBegan{Phase::upload, ""});
    while (control.wait(std::chrono::seconds(10))) {
    }
    return fail(ErrorKind::cancelled, "the upload was cancelled");
  };
  Once uploading;
  const auto code = run([&](const RunModel& model) {
    if (uploading(model.phase(Phase::upload).state == PhaseState::running)) {
      ::kill(::getpid(), SIGINT);
    }
  });
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_EQ(manager_.cancels, 0);
  EXPECT_THAT(err(), HasSubstr("cancelled before the job was created"));
}

TEST_F(RunSessionTest, AJobThatWasCreatedDuringTheCtrlCIsCancelled) {
  options_.start = [this](const TellRun& tell, TaskControl& control, TaskControl&) -> Result<Job> {
    tell(PhaseBegan{Phase::upload, ""});
    while (control.wait(std::chrono::seconds(10))) {
    }
    return noun_from_text(manager_.job());  // the answer came all the same
  };
  manager_.has_result = false;
  Once uploading;
  const auto code = run([&](const RunModel& model) {
    if (uploading(model.phase(Phase::upload).state == PhaseState::running)) {
      ::kill(::getpid(), SIGINT);
    }
  });
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_EQ(manager_.cancels, 1);
}

TEST_F(RunSessionTest, AJobThatComesAfterTheSecondCtrlCIsCancelled) {
  options_.start = [this](const TellRun& tell, TaskControl&, TaskControl& leaving) -> Result<Job> {
    tell(PhaseBegan{Phase::upload, ""});
    while (leaving.wait(std::chrono::seconds(10))) {
    }
    return noun_from_text(manager_.job());
  };
  manager_.cancel_ends_it = false;
  Once uploading;
  Once second;
  const auto code = run([&](const RunModel& model) {
    if (uploading(model.phase(Phase::upload).state == PhaseState::running)) {
      ::kill(::getpid(), SIGINT);
    }
    if (second(model.cancel_asked)) ::kill(::getpid(), SIGINT);
  });
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_GE(manager_.cancels, 1);
  EXPECT_THAT(err(), HasSubstr("is being cancelled without this terminal"));
}

TEST_F(RunSessionTest, ASecondCtrlCCancelsTheJobOfAQuestionThatIsOut) {
  interrupt_the_question();
  manager_.silent_asks = 1;
  manager_.cancel_ends_it = false;
  Once second;
  const auto began = Steady::now();
  const auto code = run([&](const RunModel& model) {
    if (second(model.cancel_asked)) ::kill(::getpid(), SIGINT);
  });
  EXPECT_LT(Steady::now() - began, kSoon);
  EXPECT_EQ(code.value(), ExitCode::cancelled);
  EXPECT_EQ(manager_.asks, 2);
  EXPECT_GE(manager_.cancels, 1);
  EXPECT_THAT(err(), HasSubstr("is being cancelled without this terminal"));
}

TEST_F(RunSessionTest, ASecondCtrlCLeavesAManagerThatIsSilentAndSaysSo) {
  interrupt_the_question();
  manager_.silent_asks = 100;
  Once second;
  const auto began = Steady::now();
  const auto code = run([&](const RunModel& model) {
    if (second(model.cancel_asked)) ::kill(::getpid(), SIGINT);
  });
  EXPECT_LT(Steady::now() - began, kSoon);
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(exit_code_of(code.error().kind), ExitCode::cancelled);
  EXPECT_THAT(code.error().message, HasSubstr("`bdaas jobs list`"));
  EXPECT_THAT(err(), Not(HasSubstr("before the job was created")));
}

}  // namespace
}  // namespace bdaas::cli
