// Steps: program runs on a cluster, their output and their progress.

#include "api/routes.h"

namespace bdaas::api {

namespace {

constexpr std::int64_t kLogPieceBytes = 256 * 1024;
// The rest of the output may arrive behind the end of the step, but not later than this.
constexpr Millis kOutputPatience{5'000};

// One stream of a step's output. When it follows, it costs a subscription while nothing comes.
class LogSource final : public BodySource {
 public:
  LogSource(const ApiContext& api, StepId step, LogQuery query)
      : api_(api), step_(std::move(step)), query_(query) {}

  void on_wake(std::function<void()> wake) override {
    if (!query_.follow) return;
    // Both kinds of news end in the same wake-up: more output, and the end of a step that never had
    // any.
    output_ = api_.spool.subscribe(step_, wake);
    events_ = std::make_unique<EventHub::Subscription>(api_.events, std::move(wake));
  }

  BodyPiece pull() override {
    const bool over = !query_.follow || nothing_will_come();  // judged before the read
    auto part = api_.spool.read_at(step_, query_.stream, query_.offset, kLogPieceBytes);
    if (!part) {
      api_.log.warning("http: a log of {} was cut: {}", step_.text, part.error().message);
      return {.broken = true};
    }
    query_.offset += static_cast<std::int64_t>(part->bytes.size());
    const bool end = part->ended || (part->bytes.empty() && over);
    return {.bytes = std::move(part->bytes), .end = end};
  }

 private:
  bool nothing_will_come() const {
    const auto step = api_.store.get<Step>(step_);
    if (!step) return true;
    if (!is_terminal(step->status.state)) return false;
    const bool never_ran = !step->started_at || step->handle.empty();
    return never_ran || api_.clock.now() - step->status.since >= kOutputPatience;
  }

  const ApiContext& api_;
  const StepId step_;
  LogQuery query_;
  std::unique_ptr<SpoolReader::Subscription> output_;
  std::unique_ptr<EventHub::Subscription> events_;
};

Result<Created<Step>> add_step(const Call& call, FromPath<ClusterId> cluster,
                               FromBody<StepSpec> spec) {
  BDAAS_ASSIGN(auto step,
               call.api.commands.add_step(call.user, cluster.value, std::move(spec.value)));
  auto location = "/v1/steps/" + step.id.text;
  return Created<Step>{std::move(step), std::move(location)};
}

Result<Page<Step>> list_steps(const Call& call, FromPath<ClusterId> cluster,
                              FromQuery<PageQuery> page) {
  BDAAS_TRY(own_row<Cluster>(call, cluster.value));
  return own_page<Step>(call, page.value, cluster.value.text);
}

Result<Step> get_step(const Call& call, FromPath<StepId> id) {
  return own_row<Step>(call, id.value);
}

Result<Step> cancel_step(const Call& call, FromPath<StepId> id) {
  return call.api.commands.cancel_step(call.user, id.value);
}

Result<HttpResponse> get_step_log(const Call& call, FromPath<StepId> id,
                                  FromQuery<LogQuery> query) {
  BDAAS_TRY(own_row<Step>(call, id.value));
  const bool tar = query.value.stream == OutputStream::work;
  HttpResponse response{
      .headers = {{"Content-Type", tar ? "application/x-tar" : "text/plain; charset=utf-8"}}};
  response.source = std::make_unique<LogSource>(call.api, id.value, query.value);
  return response;
}

Result<Items<Stage>> list_stages(const Call& call, FromPath<StepId> id) {
  BDAAS_ASSIGN(const auto step, own_row<Step>(call, id.value));
  BDAAS_ASSIGN(const auto cluster, own_row<Cluster>(call, step.cluster));
  if (is_terminal(cluster.status.state)) return Items<Stage>{};
  BDAAS_ASSIGN(const auto facts, call.api.cluster_facts(cluster));
  auto stages = call.api.stages.stages(facts, step);
  if (stages) return Items<Stage>{std::move(stages).value()};
  // Not up yet, or gone already: there is nothing to show.
  const auto kind = stages.error().kind;
  if (kind == ErrorKind::not_found || kind == ErrorKind::unavailable) return Items<Stage>{};
  return std::move(stages).error();
}

}  // namespace

std::vector<Route> step_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(
      route("POST", "/v1/clusters/{id}/steps", "add_step", "Run a program on a cluster", add_step)
          .may_fail({conflict, failed_precondition, resource_exhausted}));
  routes.push_back(route("GET", "/v1/clusters/{id}/steps", "list_steps",
                         "List the steps of a cluster", list_steps));
  routes.push_back(route("GET", "/v1/steps/{id}", "get_step", "Describe a step", get_step));
  routes.push_back(route("POST", "/v1/steps/{id}/cancel", "cancel_step",
                         "Cancel a step; again is harmless", cancel_step)
                       .may_fail({conflict, failed_precondition}));
  routes.push_back(
      route("GET", "/v1/steps/{id}/log", "get_step_log",
            "What the program prints; with follow until its end", get_step_log)
          .may_answer({200, "text/plain", nullptr, "stdout or stderr", {}})
          .may_answer({200, "application/x-tar", nullptr, "the files it left behind", {}}));
  routes.push_back(route("GET", "/v1/steps/{id}/stages", "list_stages",
                         "The engine's stages with their tasks, while it runs", list_stages)
                       .far()
                       .may_fail({failed_precondition, deadline_exceeded}));
  return routes;
}

}  // namespace bdaas::api
