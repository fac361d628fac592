#include "control/control_thread.h"

namespace bdaas {

ControlThread::ControlThread(Store& store, Seams seams, const Clock& clock, Log log,
                             Options options)
    : store_(&store),
      clock_(&clock),
      options_(std::move(options)),
      relay_(*this),
      loop_(store, std::move(seams), relay_, clock, options_.settings, std::move(log),
            [this] { wake(); }) {}

ControlThread::~ControlThread() { stop(); }

Result<> ControlThread::start() {
  BDAAS_TRY(loop_.recover());
  pool_ = std::make_unique<EffectPool>(options_.pool,
                                       [this](Outcome outcome) { loop_.post(std::move(outcome)); });
  loop_.seams().links->on_event([this] { wake(); });
  thread_ = std::thread([this] { run(); });
  return {};
}

void ControlThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (!thread_.joinable()) return;
  loop_.seams().links->on_event({});  // the links may outlive this
  thread_.join();
  pool_.reset();
}

void ControlThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

bool ControlThread::hand_in(std::function<void()> work) {
  std::promise<void> done;
  auto finished = done.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    commands_.push_back([&] {
      work();
      done.set_value();
    });
    woken_ = true;
  }
  wake_.notify_all();
  finished.wait();
  return true;
}

bool ControlThread::idle() {
  const std::lock_guard lock(mutex_);
  return idle_ && commands_.empty();
}

void ControlThread::run_commands() {
  std::vector<std::function<void()>> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  for (const auto& command : commands) command();
}

void ControlThread::run() {
  while (true) {
    run_commands();
    const auto next = loop_.turn();
    if (!next) {
      if (options_.on_broken) options_.on_broken(next.error());
    }
    idle_ = loop_.idle();
    if (options_.on_commit) options_.on_commit();
    const Millis pause = next ? std::max(Millis{0}, *next - clock_->now()) : Millis{1000};
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, pause, [&] { return woken_ || ending_; });
    woken_ = false;
    if (!ending_) continue;
    lock.unlock();
    run_commands();  // what was handed in before the end is answered
    return;
  }
}

}  // namespace bdaas
