#include "service/spark_pages.h"

#include <algorithm>

#include "engine/spark/pages.h"
#include "service/cluster_http.h"
#include "service/event_logs.h"
#include "service/page_fetch.h"

namespace bdaas {
namespace {

constexpr std::string_view kApplication = "{application}";
constexpr std::string_view kDriver = "driver";
constexpr Millis kCancelLook{30};

PageLinks links_of(const std::vector<PageServer>& servers, const std::string& place,
                   const std::string& here) {
  PageLinks links{.here = place + "/" + here, .servers = {}};
  for (const auto& server : servers) {
    // The driver on YARN stands behind the ResourceManager's address, which comes first.
    links.servers.try_emplace(fmt::format("{}:{}", server.host, server.port),
                              place + "/" + server.name);
  }
  return links;
}

PageAnswer redirect(std::string to) {
  PageAnswer answer;
  answer.status = 302;
  answer.headers = {{"Location", std::move(to)}};
  return answer;
}

bool is_behind_yarn(const PageServer& server) {
  return server.start.find(kApplication) != server.start.npos;
}

}  // namespace

// The one who copies a cluster's files at the moment.
class SparkPages::Turn {
 public:
  Turn(SparkPages& pages, const ClusterId& id, const std::atomic<bool>& cancel)
      : pages_(pages), id_(id) {
    std::unique_lock lock(pages_.mutex_);
    const auto is_free = [&] { return !pages_.busy_.contains(id_); };
    while (!cancel && !mine_) mine_ = pages_.free_.wait_for(lock, kCancelLook, is_free);
    if (mine_) pages_.busy_.insert(id_);
  }
  ~Turn() {
    if (!mine_) return;
    const std::lock_guard lock(pages_.mutex_);
    pages_.busy_.erase(id_);
    pages_.free_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  explicit operator bool() const { return mine_; }  // false: cancelled before

 private:
  SparkPages& pages_;
  const ClusterId id_;
  bool mine_ = false;
};

SparkPages::SparkPages(Places places, std::function<Result<ReleaseFacts>()> release,
                       const Clock& clock, Log log, RemoteHosts* remote,
                       std::shared_ptr<HttpClient> client)
    : places_(std::move(places)),
      clock_(clock),
      log_(log),
      remote_(remote),
      client_(std::move(client)),
      snapshots_(places_.snapshots),
      history_({.dir = places_.history_server, .logs = places_.event_logs, .place = kHistoryPlace},
               std::move(release), client_, log) {}

std::vector<PageServer> SparkPages::servers(const ClusterFacts& cluster) const {
  if (!has_pages(cluster.spec)) return {};
  return spark_pages(cluster);
}

Result<PageAnswer> SparkPages::get(const ClusterFacts& cluster, const std::string& place,
                                   const std::string& page, const PageRequest& request) {
  const auto all = servers(cluster);
  const auto server = std::find_if(all.begin(), all.end(),
                                   [&](const PageServer& known) { return known.name == page; });
  if (server == all.end()) {
    return fail(ErrorKind::not_found, "cluster {} has no page '{}'", cluster.id.text,
                page.substr(0, 64));
  }
  if (is_behind_yarn(*server)) {
    BDAAS_ASSIGN(const auto id, application(cluster, *server));
    return redirect(fmt::format("{}/resourcemanager/proxy/{}{}", place, id,
                                request.target == "/" ? "/jobs/" : request.target));
  }
  if (request.target == "/" && server->start != "/") {
    return redirect(fmt::format("{}/{}{}", place, page, server->start));
  }
  return fetch_page(
      client_,
      {.url = fmt::format("http://{}:{}{}", server->host, server->port, request.target),
       .hosts = endpoints_of(cluster, remote_).hosts,
       .links = links_of(all, place, page)},
      request);
}

Result<PageAnswer> SparkPages::history(const PageRequest& request) {
  BDAAS_ASSIGN(const auto url, history_.url());
  const std::string server = url.substr(url.rfind('/') + 1);
  PageRequest asked = request;
  // The list of all programs stands at Spark's "/", where the API has nothing of its own.
  const bool front = request.target == "/history" || request.target == "/history/";
  if (front) asked.target = std::string(1, '/');
  return fetch_page(client_,
                    {.url = url + asked.target,
                     .hosts = nullptr,
                     .links = {.here = kHistoryPlace, .servers = {{server, kHistoryPlace}}}},
                    asked);
}

std::vector<PageSnapshot> SparkPages::snapshots(const ClusterId& cluster) const {
  return snapshots_.of(cluster);
}

Result<PageSnapshot> SparkPages::snapshot(const ClusterId& cluster, const std::string& page) const {
  return snapshots_.read(cluster, page);
}

// The program that runs now: with several, the one that YARN names first.
Result<std::string> SparkPages::application(const ClusterFacts& cluster, const PageServer& driver,
                                            const std::atomic<bool>* cancel) const {
  const bool yarn = is_behind_yarn(driver);
  HttpRequest request;
  request.url = fmt::format("http://{}:{}{}", driver.host, driver.port,
                            yarn ? "/ws/v1/cluster/apps?states=RUNNING" : "/api/v1/applications");
  request.headers = {{"Accept", "application/json"}};
  request.hosts = endpoints_of(cluster, remote_).hosts;
  request.timeout = Millis{5'000};
  request.cancel = cancel;
  BDAAS_ASSIGN(const auto answer, json_answer(client_->send(request), "cannot ask for programs"));
  const json::value& list = yarn ? at_path(answer, {"apps", "app"}) : answer;
  if (!list.is_array() || list.get_array().empty()) {
    return fail(ErrorKind::unavailable, "no program runs on cluster {} now; ended ones are in {}",
                cluster.id.text, std::string(kHistoryPlace) + "/history/");
  }
  return text_at(list.get_array().front(), {"id"});
}

void SparkPages::keep_logs(const ClusterFacts& cluster, const std::atomic<bool>& cancel) {
  if (!has_pages(cluster.spec)) return;
  const Turn turn(*this, cluster.id, cancel);
  if (!turn) return;
  const auto copied = copy_event_logs(WebHdfs(*client_, endpoints_of(cluster, remote_), &cancel),
                                      cluster.id, places_.event_logs);
  if (!copied) {
    log_.info("event logs of {} are not copied now: {}", cluster.id.text, copied.error().message);
  }
}

void SparkPages::keep_pages(const ClusterFacts& cluster, const std::atomic<bool>& cancel) {
  const Turn turn(*this, cluster.id, cancel);
  for (const auto& server : servers(cluster)) {
    if (cancel) return;
    if (server.overview.empty()) continue;
    std::string id;
    if (server.name == kDriver) {
      auto found = application(cluster, server, &cancel);
      if (!found) continue;  // no program runs: the last look at one stays
      id = *std::move(found);
    }
    const auto taken = snapshots_.take(*client_, endpoints_of(cluster, remote_), cluster.id, server,
                                       id, clock_.now(), &cancel);
    if (!taken) {
      log_.info("no snapshot of {} of {} now: {}", server.name, cluster.id.text,
                taken.error().message);
    }
  }
}

}  // namespace bdaas
