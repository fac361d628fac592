#include "cli/run/run_session.h"

#include <poll.h>

#include <list>

#include "cli/archive.h"
#include "cli/channel.h"
#include "cli/follow.h"
#include "cli/run/watch.h"

namespace bdaas::cli {

namespace {

constexpr Millis kTick{100};

struct Launched {
  Result<Job> job;
};
struct LogEnded {};
struct WatchEnded {
  Result<> end;
};
struct Downloaded {
  Result<SavedArchive> archive;
};
using Happening = std::variant<RunInput, Launched, LogEnded, WatchEnded, Downloaded>;

class RunSession {
 public:
  RunSession(Api& api, const RunSessionOptions& options, RunView& view, Signals& signals)
      : api_(api), options_(options), view_(view), signals_(signals), model_(options.model) {}
  ~RunSession() { channel_.close(); }  // before the tasks are joined: none may wait for room

  Result<ExitCode> run();

 private:
  // ---- what happened ----
  void handle(RunInput input);
  void handle(Launched launched);
  void handle(LogEnded) { --logs_open_; }
  void handle(WatchEnded ended);
  void handle(Downloaded downloaded);
  void handle_signal(int signal);
  void leave();

  // ---- tasks ----
  void start_launch();
  void start_watching(const Job& job);
  void start_logs();
  void start_download();
  void start_log(OutputStream stream);

  void wait();
  bool finished();
  Result<ExitCode> outcome() const;
  void give_up(Error error) {
    if (!error_) error_ = std::move(error);
    over_ = true;
  }

  Api& api_;
  const RunSessionOptions& options_;
  RunView& view_;
  Signals& signals_;
  SystemClock clock_;

  RunModel model_;
  std::vector<RunChange> changes_;  // not shown yet
  std::optional<Error> error_;
  std::optional<Time> ended_at_;  // when the job's end was seen
  bool over_ = false;
  bool left_ = false;        // by a second Ctrl-C
  bool watch_over_ = false;  // it has seen everything
  bool download_over_ = false;
  int logs_open_ = 0;

  Channel<Happening> channel_;
  std::atomic<bool> cancel_{false};  // the wish that the watch carries
  TaskControl leaving_;              // stopped with left_
  std::optional<Task> launch_;
  std::optional<Task> events_;
  std::optional<Task> watch_;
  std::optional<Task> download_;
  std::list<Task> logs_;
};

void RunSession::handle(RunInput input) {
  auto changes = reduce(model_, input, clock_.now());
  std::move(changes.begin(), changes.end(), std::back_inserter(changes_));
  if (!model_.step.empty() && logs_.empty()) start_logs();
  const bool archive_ready = model_.state >= JobState::finishing && !model_.result.empty();
  if (archive_ready && !download_) start_download();
  // An event says that something changed, not all of what: the watch looks at once.
  if (std::holds_alternative<EventSeen>(input) && watch_) watch_->wake();
}

void RunSession::handle(Launched launched) {
  if (!launched.job) return give_up(std::move(launched.job).error());
  handle(RunInput(JobSeen{*launched.job}));
  start_watching(*launched.job);
  if (left_) watch_->stop();
}

void RunSession::handle(WatchEnded ended) {
  watch_over_ = true;
  if (!ended.end) give_up(std::move(ended.end).error());
}

void RunSession::handle(Downloaded downloaded) {
  download_over_ = true;
  if (downloaded.archive) {
    handle(RunInput(ArchiveSaved{std::move(downloaded.archive).value()}));
  } else {
    error_ = std::move(downloaded.archive).error();
    handle(RunInput(PhaseEnded{Phase::result, false}));
  }
}

void RunSession::handle_signal(int signal) {
  if (signal == SIGWINCH) return;  // the next drawing asks for the width
  if (cancel_) return leave();
  cancel_ = true;
  handle(RunInput(CancelAsked{}));
  if (watch_) {
    watch_->wake();
  } else {
    launch_->stop();
  }
}

// Not over yet: a job that comes of the launch still has to be cancelled, and the watch does that
// with its last word. Both know that they may not take long now.
void RunSession::leave() {
  left_ = true;
  leaving_.ask_to_stop();
  if (watch_) watch_->stop();
}

void RunSession::start_launch() {
  launch_.emplace([this](TaskControl& control) {
    const auto tell = [this](RunInput input) { channel_.push(std::move(input)); };
    channel_.push(Launched{options_.start(tell, control, leaving_)});
  });
}

void RunSession::start_watching(const Job& job) {
  const auto tell = [this](RunInput input) { channel_.push(std::move(input)); };
  events_.emplace([this, id = job.id](TaskControl& control) {
    const auto sink = [this](const EventView& event) {
      return channel_.push(RunInput(EventSeen{event}));
    };
    // Its end is no news: the watch sees everything that matters, only a little later.
    (void)follow_events(api_, id.text, 0, sink, control, kRetryUntilStopped);
  });
  watch_.emplace([this, tell, id = job.id](TaskControl& control) {
    channel_.push(WatchEnded{watch(api_, WatchOptions{id}, cancel_, tell, control)});
  });
}

void RunSession::start_logs() {
  start_log(OutputStream::out);
  if (options_.verbose) start_log(OutputStream::err);
}

void RunSession::start_log(OutputStream stream) {
  ++logs_open_;
  logs_.emplace_back([this, stream, step = model_.step](TaskControl& control) {
    const auto sink = [this, stream](std::string text) {
      return channel_.push(RunInput(OutputSeen{stream, std::move(text)}));
    };
    const auto end =
        follow_log(api_, {step, stream, true, true}, sink, control, kRetryUntilStopped);
    if (!end && end.error().kind != ErrorKind::cancelled) {
      channel_.push(RunInput(TroubleSeen{fmt::format("the program's {} cannot be followed: {}",
                                                     to_text(stream), end.error().message)}));
    }
    channel_.push(LogEnded{});
  });
}

void RunSession::start_download() {
  download_.emplace([this, result = model_.result](TaskControl& control) {
    const auto progress = [this](std::uint64_t done, std::uint64_t total) {
      channel_.push(RunInput(PhaseProgress{Phase::result, {}, done, total}));
    };
    std::optional<SavedArchive> saved;
    auto end = keep_trying(
        [&] {
          auto fetched = fetch_archive(api_, result, options_.output, progress, control);
          if (fetched) saved = *std::move(fetched);
          return attempt_of(saved ? Result<>{} : std::move(fetched).error(), false);
        },
        control, RetryPolicy{});
    channel_.push(
        Downloaded{end ? Result<SavedArchive>(*std::move(saved)) : std::move(end).error()});
  });
}

void RunSession::wait() {
  pollfd ready[] = {{channel_.fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
  const bool ticks = view_.wants_ticks() || ended_at_;
  ::poll(ready, std::size(ready), ticks ? static_cast<int>(kTick.count()) : -1);
}

bool RunSession::finished() {
  if (over_) return true;
  if (left_) return watch_over_;
  if (!model_.end || !watch_over_) return false;
  const auto now = clock_.now();
  if (!ended_at_) ended_at_ = now;
  if (download_ && !download_over_) return false;
  return logs_open_ == 0 || now - *ended_at_ >= options_.log_patience;
}

Result<ExitCode> RunSession::outcome() const {
  if (left_) {
    const bool unsure = error_ && error_->kind == ErrorKind::unknown_outcome;
    if (unsure) return Error{ErrorKind::cancelled, error_->message};
    return ExitCode::cancelled;
  }
  if (error_ && !(cancel_ && error_->kind == ErrorKind::cancelled)) return *error_;
  if (!model_.end) return ExitCode::cancelled;
  switch (model_.end->state) {
    case JobState::succeeded:
      return ExitCode::ok;
    case JobState::cancelled:
      return ExitCode::cancelled;
    default:
      return exit_code_of(model_.end->reason);
  }
}

Result<ExitCode> RunSession::run() {
  start_launch();
  while (!finished()) {
    wait();
    while (const auto signal = signals_.next()) handle_signal(*signal);
    for (auto& happening : channel_.take()) {
      std::visit([this](auto& item) { handle(std::move(item)); }, happening);
    }
    const auto now = clock_.now();
    if (!changes_.empty()) {
      view_.show(model_, std::exchange(changes_, {}), now);
    } else {
      view_.tick(model_, now);
    }
  }
  auto code = outcome();
  const Error* error = code ? nullptr : &code.error();
  view_.finish(model_, code ? *code : exit_code_of(error->kind), error, clock_.now());
  return code;
}

}  // namespace

Result<ExitCode> run_session(Api& api, const RunSessionOptions& options, RunView& view,
                             Signals& signals) {
  return RunSession(api, options, view, signals).run();
}

}  // namespace bdaas::cli
