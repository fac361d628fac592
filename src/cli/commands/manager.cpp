// bdaas doctor, serve, stop, version, completion

#include <poll.h>

#include <array>

#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/commands/place.h"
#include "cli/completion.h"
#include "cli/manager_process.h"
#include "cli/units.h"
#include "cli/waker.h"
#include "net/url.h"

namespace bdaas::cli {

namespace {

constexpr std::array kFindings = {Column{"CHECK", "check"}, Column{"OK", "ok", Show::state},
                                  Column{"FOUND", "found"}, Column{"MEND WITH", "mend"}};

constexpr Option kAddress{"--address", "ADDRESS",
                          "loopback address to listen on; default 127.0.0.1"};
constexpr Option kPort{"--port", "PORT", "default: a free one"};
constexpr Option kIdleExit{"--idle-exit", "DURATION",
                           "end after so long without anything to do; default: never"};
constexpr Option kDetach{"--detach", "", "go on in the background, once it serves"};
constexpr std::array kServeOptions = {kAddress, kPort, kIdleExit, kDetach};

constexpr Option kTerminate{"--terminate-clusters", "",
                            "give every cluster back first; default: they run on"};
constexpr std::array kStopOptions = {kTerminate};
constexpr Millis kStopDeadline = std::chrono::minutes(2);
constexpr Millis kBetweenLooks{50};

constexpr Positional kShell{"SHELL", "bash"};
constexpr std::array kOneShell = {kShell};

Result<ExitCode> doctor(Session& session, const Arguments&) {
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto findings, api->list("/v1/doctor"));
  session.show_rows(findings, kFindings);
  for (const auto& finding : findings) {
    if (text_at(finding, "ok") != "true") return ExitCode::failed;
  }
  return ExitCode::ok;
}

Result<ExitCode> serve(Session& session, const Arguments& arguments) {
  ServeOptions options;
  if (const auto address = arguments.text(kAddress)) options.address = *address;
  if (!is_loopback(options.address)) {
    return fail(ErrorKind::invalid_argument, "--address: '{}' is not on the loopback network 127/8",
                options.address);
  }
  if (const auto port = arguments.text(kPort)) {
    BDAAS_ASSIGN(options.port, parse_integer(*port, 0, 65535).context(kPort.name));
  }
  BDAAS_ASSIGN(options.idle_exit_ms, read_duration(arguments, kIdleExit));
  options.detach = arguments.has(kDetach);
  return static_cast<ExitCode>(session.environment().serve(options));
}

// What goes on when the manager ends.
Result<json::array> living_clusters(const Api& api, bool terminated) {
  json::array ids;
  if (terminated) return ids;
  BDAAS_ASSIGN(const auto clusters, api.list("/v1/clusters"));
  for (const auto& cluster : clusters) {
    if (!text_at(cluster, "status.state").starts_with("Terminated")) {
      ids.push_back(cluster.at("id"));
    }
  }
  return ids;
}

Result<ExitCode> stop(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto state, session.state_dir());
  auto endpoint = find_manager(state);
  if (!endpoint) {
    session.tell("no manager runs", json::object{{"stopped", false}});
    return ExitCode::ok;
  }
  const UniqueFd process = process_of_manager(state);
  const Api api(*std::move(endpoint));
  BDAAS_ASSIGN(const auto staying, living_clusters(api, arguments.has(kTerminate)));
  BDAAS_TRY(
      api.post("/v1/shutdown", json::object{{"terminate_clusters", arguments.has(kTerminate)}}));
  const auto deadline = std::chrono::steady_clock::now() + kStopDeadline;
  Waker pause;
  while (find_manager(state).ok()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorKind::unavailable, "the manager still answers after {}; see '{}'",
                  human_duration(kStopDeadline), state.log().native());
    }
    (void)pause.wait(kBetweenLooks);
  }
  // It answers no more; what it started (a History Server) ends a moment before it does.
  pollfd ended{process.get(), POLLIN, 0};
  if (process.valid()) ::poll(&ended, 1, static_cast<int>(kStopDeadline.count()));
  session.tell("the manager has ended", json::object{{"stopped", true}, {"clusters", staying}});
  for (const auto& id : staying) {
    (void)session.err().write(
        fmt::format("cluster {0} goes on; the next bdaas command looks after it again, and "
                    "`bdaas clusters terminate {0}` ends it\n",
                    id.as_string().c_str()));
  }
  return ExitCode::ok;
}

Result<ExitCode> version(Session& session, const Arguments&) {
  const auto& text = session.environment().version;
  session.tell(fmt::format("bdaas {}", text), json::object{{"version", text}});
  return ExitCode::ok;
}

Result<ExitCode> completion(Session& session, const Arguments& arguments) {
  const auto& shell = arguments.at(kShell);
  if (shell != "bash") {
    return fail(ErrorKind::invalid_argument, "there is no completion for '{}'; there is for bash",
                shell);
  }
  session.out().write(bash_completion(all_commands()));
  return ExitCode::ok;
}

}  // namespace

const Verb kDoctor{{}, {}, doctor};
const Verb kServe{{}, kServeOptions, serve};
const Verb kStop{{}, kStopOptions, stop};
const Verb kVersion{{}, {}, version};
const Verb kCompletion{
    kOneShell, {}, completion, false, "Put `source <(bdaas completion bash)` into ~/.bashrc."};

}  // namespace bdaas::cli
