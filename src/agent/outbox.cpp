#include "agent/outbox.h"

#include <algorithm>

namespace bdaas {

namespace {

std::string subject_of(const Report& report) {
  return std::visit(
      [](const auto& body) {
        std::string subject(std::decay_t<decltype(body)>::type);
        if constexpr (requires { body.step; }) subject += " " + body.step.text;
        return subject;
      },
      report);
}

void number(Report& report, std::int64_t seq) {
  std::visit(
      [&](auto& body) {
        if constexpr (requires { body.seq; }) body.seq = seq;
      },
      report);
}

}  // namespace

Outbox::Outbox(StateStore& store) : store_(store) {
  for (const auto& line : store_.state.reports) {
    const auto report = read_report(std::string_view(line).substr(0, line.size() - 1));
    if (report) entries_.push_back({seq_of(*report), subject_of(*report), line});
  }
}

void Outbox::add(Report report) {
  number(report, ++store_.state.last_seq);
  Entry entry{store_.state.last_seq, subject_of(report), write_report(report)};
  std::erase_if(entries_, [&](const Entry& old) { return old.subject == entry.subject; });
  entries_.push_back(std::move(entry));
  record();
}

void Outbox::acknowledge(std::int64_t seq) {
  if (std::erase_if(entries_, [&](const Entry& entry) { return entry.seq <= seq; }) > 0) record();
}

std::span<const Outbox::Entry> Outbox::saved() const {
  const auto end = std::find_if(entries_.begin(), entries_.end(), [this](const Entry& entry) {
    return entry.seq > store_.saved_seq();
  });
  return {entries_.begin(), end};
}

void Outbox::record() {
  store_.state.reports.clear();
  for (const auto& entry : entries_) store_.state.reports.push_back(entry.line);
  store_.mark();
}

}  // namespace bdaas
