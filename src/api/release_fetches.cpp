#include "api/release_fetches.h"

namespace bdaas::api {

ReleaseFetch::News ReleaseFetch::news_after(std::size_t heard) const {
  const std::lock_guard lock(mutex_);
  News news;
  for (auto i = heard; i < lines_.size(); ++i) news.lines.push_back(lines_[i]);
  news.ended = ended_;
  news.outcome = outcome_;
  return news;
}

void ReleaseFetch::listen(const void* key, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wakes_[key] = std::move(wake);
}

void ReleaseFetch::forget(const void* key) {
  const std::lock_guard lock(mutex_);
  wakes_.erase(key);
}

void ReleaseFetch::add(std::string_view line) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
  for (const auto& [key, wake] : wakes_) wake();
}

void ReleaseFetch::end(Result<> outcome) {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  outcome_ = std::move(outcome);
  for (const auto& [key, wake] : wakes_) wake();
}

ReleaseFetches::~ReleaseFetches() {
  ending_ = true;
  for (auto& [name, running] : running_) running.thread.join();
}

std::shared_ptr<ReleaseFetch> ReleaseFetches::start(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& running = running_[name];
  if (running.fetch && !running.fetch->news_after(0).ended) return running.fetch;
  if (running.thread.joinable()) running.thread.join();  // it has said its last word
  auto fetch = std::make_shared<ReleaseFetch>();
  running.fetch = fetch;
  running.thread = std::thread([this, fetch, name] {
    auto facts = releases_.fetch(
        name, [&](std::string_view line) { fetch->add(line); }, ending_);
    fetch->end(facts ? Result<>{} : Result<>(std::move(facts).error()));
  });
  return fetch;
}

}  // namespace bdaas::api
