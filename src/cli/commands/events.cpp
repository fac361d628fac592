// bdaas events

#include <array>

#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/follow.h"
#include "cli/known_members.h"

namespace bdaas::cli {

namespace {

constexpr Option kFollow{"--follow", "", "go on with what happens now", false, 'f'};
constexpr Option kSubject{"--subject", "ID", "only of this job, cluster, … and what belongs to it"};
constexpr std::array kOptions = {kFollow, kSubject};

std::string line_of(const EventView& event) {
  std::string text = fmt::format("{}  {}  ", to_rfc3339(event.at), event.subject);
  if (!event.to.empty()) {
    text += event.from.empty() ? event.to : fmt::format("{} → {}", event.from, event.to);
  }
  if (!event.reason.empty() && event.reason != to_text(Reason::none)) {
    text += fmt::format(" ({})", event.reason);
  }
  if (!event.message.empty()) text += fmt::format("  {}", event.message);
  return without_controls(text) + "\n";
}

Result<ExitCode> events(Session& session, const Arguments& arguments) {
  const auto subject = arguments.text(kSubject).value_or("");
  const bool odd =
      subject.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos;
  if (odd) return fail(ErrorKind::invalid_argument, "--subject: '{}' is no id", subject);
  BDAAS_ASSIGN(const auto* api, session.api());
  const auto show = [&](const EventView& event) {
    return session.out().write(session.json() ? write_json(to_json(event)) + "\n" : line_of(event));
  };
  if (arguments.has(kFollow)) {
    TaskControl control;
    BDAAS_TRY(follow_events(*api, subject, 0, show, control));
    return ExitCode::ok;
  }
  BDAAS_ASSIGN(const auto rows,
               api->list(subject.empty() ? "/v1/events" : "/v1/events?subject=" + subject));
  for (const auto& row : rows) {
    BDAAS_ASSIGN(const auto event, noun_from<EventView>(row));
    if (!show(event)) break;
  }
  return ExitCode::ok;
}

}  // namespace

const Verb kEvents{{}, kOptions, events};

}  // namespace bdaas::cli
