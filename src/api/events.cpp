// Events: the history of everything, as pages or live.

#include "api/routes.h"

namespace bdaas::api {

namespace {

constexpr std::int64_t kEventsAtOnce = 200;

Store::HistoryQuery history_query(const Call& call, const EventQuery& query) {
  Store::HistoryQuery history{.after_seq = query.after, .owner = call.user.text};
  if (!query.subject.empty()) history.subject = query.subject;
  history.limit = query.limit;
  return history;
}

// Server-sent events; ends with its client. Costs a subscription while nothing happens.
class EventSource final : public BodySource {
 public:
  EventSource(const ApiContext& api, Store::HistoryQuery query)
      : api_(api), query_(std::move(query)) {
    query_.limit = kEventsAtOnce;
  }

  void on_wake(std::function<void()> wake) override {
    subscription_ = std::make_unique<EventHub::Subscription>(api_.events, std::move(wake));
  }

  BodyPiece pull() override {
    const auto newest = api_.store.last_seq();
    if (newest <= looked_until_) return {};
    const auto rows = api_.store.history(query_);
    if (!rows) {
      api_.log.warning("http: a stream of events was cut: {}", rows.error().message);
      return {.broken = true};
    }
    BodyPiece piece;
    for (const auto& row : *rows) {
      piece.bytes += fmt::format("id: {}\ndata: {}\n\n", row.seq, write_json(to_json(row)));
      query_.after_seq = row.seq;
    }
    if (rows->size() < static_cast<std::size_t>(kEventsAtOnce)) looked_until_ = newest;
    return piece;
  }

  std::string_view heartbeat() const override { return ": nothing new\n\n"; }

 private:
  const ApiContext& api_;
  Store::HistoryQuery query_;
  std::int64_t looked_until_ = 0;  // up to here the history has nothing more for this query
  std::unique_ptr<EventHub::Subscription> subscription_;
};

Result<HttpResponse> list_events(const Call& call, FromQuery<EventQuery> query) {
  auto history = history_query(call, query.value);
  if (const auto last = call.request.header("last-event-id")) {  // a browser that comes back
    BDAAS_ASSIGN(const auto seq, parse_whole_number(*last, "Last-Event-ID"));
    history.after_seq = static_cast<std::int64_t>(seq);
  }
  if (accepts(call.request.header("accept").value_or(""), "text/event-stream")) {
    HttpResponse response{.headers = {{"Content-Type", "text/event-stream"}}};
    response.source = std::make_unique<EventSource>(call.api, std::move(history));
    return response;
  }
  BDAAS_ASSIGN(auto rows, call.api.store.history(history));
  Page<HistoryRow> page;
  if (rows.size() == static_cast<std::size_t>(query.value.limit)) {
    page.next = std::to_string(rows.back().seq);
  }
  page.items = std::move(rows);
  return json_response(200, to_json(page));
}

}  // namespace

std::vector<Route> event_routes() {
  std::vector<Route> routes;
  routes.push_back(
      route("GET", "/v1/events", "list_events",
            "What happened; with Accept: text/event-stream live, from ?after= on", list_events)
          .takes_header({.name = "Last-Event-ID",
                         .doc = "seq of the last event heard, for a live stream",
                         .pattern = "^[0-9]{1,18}$"})
          .may_answer({200, "application/json", &schema_of<Page<HistoryRow>>, "events", {}})
          .may_answer({200, "text/event-stream", nullptr, "id: <seq>, data: <Event>", {}}));
  return routes;
}

}  // namespace bdaas::api
