#include "app/serve.h"

#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/api.h"
#include "api/http_server.h"
#include "app/cluster_watch.h"
#include "app/fake_place.h"
#include "app/installation.h"
#include "app/remote_place.h"
#include "app/stop_signals.h"
#include "base/background.h"
#include "control/command_desk.h"
#include "engine/fake/fake_engine.h"
#include "engine/memory.h"
#include "engine/spark/spark_engine.h"
#include "model/manager_address.h"
#include "provider/local/local_provider.h"
#include "release/doctor.h"
#include "release/local_releases.h"
#include "service/fake_service.h"
#include "service/spark_pages.h"
#include "service/spark_service.h"
#include "stream/output_spool.h"
#include "stream/result_archive.h"
#include "stream/sweep.h"
#include "stream/uploads.h"
#include "transport/agent_socket.h"
#include "transport/link_loop.h"
#include "transport/link_switch.h"
#include "transport/local_placer.h"

namespace bdaas {

namespace {

constexpr Millis kSweepEvery = std::chrono::hours(6);

std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

// When somebody last wanted something, for the manager that ends by itself when nobody needs it.
class ActivityWatch final : public api::HttpService {
 public:
  ActivityWatch(api::HttpService& inner, const Clock& clock) : inner_(inner), clock_(clock) {
    last_ = clock_.now();
  }
  std::variant<api::HttpResponse, api::Admission> admit(const api::HttpRequest& head) override {
    last_ = clock_.now();
    auto admitted = inner_.admit(head);
    if (auto* admission = std::get_if<api::Admission>(&admitted)) {
      const auto under_way = std::make_shared<const UnderWay>(*this);
      hold(admission->answer, under_way);
      hold(admission->open, under_way);
    }
    return admitted;
  }
  api::HttpResponse refuse(int status, std::string_view sentence) override {
    return inner_.refuse(status, sentence);
  }
  void seal(const api::HttpRequest& request, api::HttpResponse& response) override {
    inner_.seal(request, response);
  }
  Time last() const { return requests_ > 0 ? clock_.now() : last_.load(); }

 private:
  // Lives as long as an admission, that is until its answer has been sent: an upload or a followed
  // log may take longer than the time-out.
  struct UnderWay {
    explicit UnderWay(ActivityWatch& watch) : activity(watch) { ++activity.requests_; }
    ~UnderWay() {
      activity.last_ = activity.clock_.now();
      --activity.requests_;
    }
    ActivityWatch& activity;
  };

  template <class Answer>
  static void hold(std::function<Answer(const api::HttpRequest&)>& call,
                   const std::shared_ptr<const UnderWay>& under_way) {
    if (!call) return;
    call = [under_way, inner = std::move(call)](const api::HttpRequest& request) {
      return inner(request);
    };
  }

  api::HttpService& inner_;
  const Clock& clock_;
  std::atomic<Time> last_;
  std::atomic<int> requests_{0};
};

// The rooms, in the order they are built; they are taken down in the opposite one.
class House {
 public:
  ~House() { stop_threads(); }
  static Result<std::unique_ptr<House>> build(Installation installation, Log log);
  Result<> open(const ServeOptions& options);
  // Until a signal, a shutdown request, or idleness for so long.
  void live(Millis idle_exit);

 private:
  House(Installation installation, Log log)
      : installation_(std::move(installation)),
        log_(std::move(log)),
        spool_(installation_.dir),
        local_(LocalOptions{fs::absolute(installation_.dir.machines()), installation_.id}, entropy_,
               clock_),
        placer_(agent_binary()),
        remote_({.installation = installation_.id,
                 .state_dir = installation_.dir,
                 .agent_binary = agent_binary(),
                 .user = user_name(),
                 .log = log_},
                entropy_) {}

  static std::string agent_binary();
  Seams seams();
  Result<> lend_user();
  api::ApiContext context();
  void end(bool terminate_clusters);
  void terminate_all();
  void wait_for_the_clusters();
  void stop_threads();

  Installation installation_;
  Log log_;
  SystemClock clock_;
  SystemEntropy entropy_;
  std::unique_ptr<Store> store_;
  FileSpool spool_;
  LocalProvider local_;
  LocalPlacer placer_;
  LinkLoop links_{[](const Machine& machine) { return connect_agent(machine.dir); }, entropy_};
  RemotePlace remote_;
  FakePlace fake_place_{installation_.id, clock_, entropy_};
  LinkSwitch link_switch_{{{&fake_place_, &fake_place_, FakePlace::owns},
                           {&remote_.links(), &remote_.agents(), RemotePlace::owns},
                           {&links_, &placer_}}};
  SparkEngine spark_;
  FakeEngine fake_;
  std::shared_ptr<HttpClient> http_ = std::make_shared<HttpClient>(
      HttpClientOptions{.gates = fs::absolute(installation_.dir.gates())});
  SparkService spark_service_{&remote_.hosts(), http_};
  FakeService fake_service_{clock_};
  std::unique_ptr<Releases> releases_;
  std::unique_ptr<ResultArchive> archive_;
  std::unique_ptr<SparkPages> pages_;
  std::unique_ptr<KeepingCollector> collector_;
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<Sweep> sweep_;
  std::unique_ptr<ControlThread> control_;
  std::unique_ptr<ClusterWatch> watch_;
  std::unique_ptr<CommandDesk> desk_;
  std::unique_ptr<api::ReleaseFetches> fetches_;
  api::EventHub events_;
  api::PageDoor door_{clock_, entropy_};
  std::int64_t last_seq_ = 0;  // the control thread's
  UserId user_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<ActivityWatch> activity_;
  std::unique_ptr<api::HttpServer> server_;
  StopSignals stop_;
  std::atomic<bool> terminating_{false};
};

std::string House::agent_binary() {
  std::error_code none;
  return (fs::read_symlink("/proc/self/exe", none).parent_path() / "bdaas-agent").string();
}

Seams House::seams() {
  Seams seams;
  seams.providers = {{"local", &local_}, {"ssh", &remote_.provider()}, {"fake", &fake_place_}};
  seams.engines = {{"spark", {&spark_, &spark_service_}}, {"fake", {&fake_, &fake_service_}}};
  seams.placer = &link_switch_;
  seams.carrier = &remote_.packages();
  seams.host_agents = &remote_.agents();
  seams.links = &link_switch_;
  seams.releases = releases_.get();
  seams.collector = collector_.get();
  seams.spool = &spool_;
  seams.installation = installation_.id;
  seams.state_dir = installation_.dir;
  seams.user = user_name();
  seams.agent_binary = agent_binary();
  return seams;
}

Result<std::unique_ptr<House>> House::build(Installation installation, Log log) {
  std::unique_ptr<House> house(new House(std::move(installation), std::move(log)));
  const StateDir& dir = house->installation_.dir;
  BDAAS_ASSIGN(house->store_, Store::open(dir.database()));
  BDAAS_ASSIGN(house->uploads_, Uploads::open(dir, UploadLimits{}, house->clock_, house->entropy_));
  house->sweep_ =
      std::make_unique<Sweep>(dir, *house->store_, *house->uploads_, house->clock_, house->log_);
  BDAAS_ASSIGN(auto catalog, load_catalog(embedded_release_files()));
  house->releases_ =
      make_releases(fs::absolute(dir.packages()), host_tools_of_environment(), std::move(catalog));
  house->archive_ = std::make_unique<ResultArchive>(
      dir, house->spool_,
      std::map<std::string, EngineService*>{{"spark", &house->spark_service_},
                                            {"fake", &house->fake_service_}});
  house->pages_ = std::make_unique<SparkPages>(
      SparkPages::Places{fs::absolute(dir.history()), fs::absolute(dir.pages()),
                         fs::absolute(dir.history_server())},
      // It reads the logs of every release.
      [&releases = *house->releases_] { return any_release(releases); }, house->clock_, house->log_,
      &house->remote_.hosts(), house->http_);
  house->collector_ = std::make_unique<KeepingCollector>(*house->archive_, *house->pages_);
  BDAAS_TRY(house->lend_user());
  return house;
}

// The one user of a local installation: who runs the manager.
Result<> House::lend_user() {
  BDAAS_ASSIGN(const auto users, store_->list<User>());
  if (!users.empty()) {
    user_ = users.front().id;
    return {};
  }
  User user;
  user.id = new_id<UserId>(entropy_);
  user.name = user_name();
  user.created_at = clock_.now();
  user_ = user.id;
  BDAAS_TRY(store_->begin());
  BDAAS_TRY(store_->insert(user, clock_.now()));
  return store_->commit(Durability::full);
}

api::ApiContext House::context() {
  const auto facts = [this](const Cluster& cluster) {
    return control_->call([&](ControlLoop& loop) -> Result<ClusterFacts> {
      const auto* rows = loop.rows().cluster(cluster.id);
      if (rows == nullptr) return fail(ErrorKind::not_found, "{} has ended", cluster.id.text);
      return cluster_facts(*rows, loop.seams());
    });
  };
  const auto logins = [this](const std::vector<SshLogin>& wanted) {
    return remote_.known_logins(wanted);
  };
  const auto look = [this]() -> Result<std::vector<Finding>> {
    DoctorRequest request;
    request.tools = host_tools_of_environment();
    request.state_root = installation_.dir.root;
    request.memory_of_one_mib = least_memory_mib({.workers = 1});
    request.memory_of_three_mib = least_memory_mib({.workers = 3});
    return doctor(request);
  };
  api::ManagerInfo info{kVersion, installation_.id, ::getpid(), clock_.now()};
  return {*store_,
          *desk_,
          *uploads_,
          spool_,
          *releases_,
          *fetches_,
          spark_service_,
          events_,
          clock_,
          installation_.dir,
          info,
          look,
          facts,
          [this](bool terminate_clusters) { end(terminate_clusters); },
          log_,
          pages_.get(),
          &door_,
          logins,
          [this] { sweep_->run(); }};
}

Result<> House::open(const ServeOptions& options) {
  ControlThread::Options control;
  control.on_commit = [this] {
    const auto seq = store_->last_seq();
    if (seq != std::exchange(last_seq_, seq)) events_.notify();
  };
  control.on_broken = [this](const Error& error) {
    log_.error("the store failed, so the manager ends: {}", error.message);
    stop_.raise();
  };
  control_ = std::make_unique<ControlThread>(*store_, seams(), clock_, log_, control);
  watch_ = std::make_unique<ClusterWatch>(*control_, *pages_);
  desk_ = std::make_unique<CommandDesk>(*control_, entropy_);
  fetches_ = std::make_unique<api::ReleaseFetches>(*releases_);
  BDAAS_TRY(control_->start());
  watch_->start();
  api_ = std::make_unique<api::Api>(context(),
                                    api::ApiAccess{installation_.token, user_, {options.address}});
  activity_ = std::make_unique<ActivityWatch>(*api_, clock_);
  api::HttpOptions http;
  http.address = options.address;
  http.port = static_cast<unsigned short>(options.port);
  http.log = log_;
  BDAAS_ASSIGN(server_, api::HttpServer::start(http, *activity_));
  const ManagerAddress address{::getpid(), options.address, server_->port()};
  return write_file(installation_.dir.manager(), write_json(to_json(address)) + "\n", 0600);
}

void House::end(bool terminate_clusters) {
  if (terminate_clusters) {
    terminating_ = true;
    terminate_all();
  }
  stop_.raise();
}

void House::terminate_all() {
  const auto clusters = store_->list<Cluster>();
  if (!clusters) return log_.error("cannot list the clusters: {}", clusters.error().message);
  for (const auto& cluster : *clusters) {
    if (is_terminal(cluster.status.state)) continue;
    const auto ended = desk_->terminate_cluster(cluster.owner, cluster.id);
    if (!ended) log_.error("cannot end {}: {}", cluster.id.text, ended.error().message);
  }
}

// Their machines are given back before the manager goes; a second signal ends the wait.
void House::wait_for_the_clusters() {
  StopSignals again;
  const Time patience = clock_.now() + std::chrono::minutes(2);
  while (!control_->idle() && clock_.now() < patience && !again.wait(Millis{100})) {
  }
}

void House::live(Millis idle_exit) {
  constexpr Millis kLongestLook = std::chrono::seconds(5), kShortestLook{100};
  const Millis look =
      idle_exit.count() > 0 ? std::clamp(idle_exit, kShortestLook, kLongestLook) : kLongestLook;
  Time idle_since = clock_.now();
  Time sweep_at = idle_since;
  while (!stop_.wait(look)) {
    if (clock_.now() >= sweep_at) {
      sweep_->run();
      sweep_at = clock_.now() + kSweepEvery;
    }
    if (!control_->idle()) idle_since = clock_.now();
    idle_since = std::max(idle_since, activity_->last());
    if (idle_exit.count() > 0 && clock_.now() - idle_since >= idle_exit) break;
  }
  if (terminating_) wait_for_the_clusters();
  std::error_code ignored;  // a stale file is noticed by its readers
  fs::remove(installation_.dir.manager(), ignored);
  stop_threads();
}

// Before anything that they use goes, also when the manager could not be opened.
void House::stop_threads() {
  if (pages_) pages_->stop_history();  // its start is the longest that a request waits for
  if (server_) server_->stop();
  if (watch_) watch_->stop();
  if (control_) control_->stop();
}

// A JVM's worth of file descriptors is not needed, a thousand clients' are.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<> run_house(const ServeOptions& options, const StateDir& dir, Starter& starter) {
  SystemEntropy entropy;
  BDAAS_ASSIGN(auto installation, open_installation(dir, entropy));
  Log log = Log::to_stderr(LogLevel::info);
  if (options.detach) {
    BDAAS_ASSIGN(log, Log::to_file({dir.log()}));
  }
  raise_file_limit();
  BDAAS_ASSIGN(auto house, House::build(std::move(installation), log));
  BDAAS_TRY(house->open(options));
  log.info("bdaas {} serves {}", kVersion, dir.root.string());
  if (options.detach) leave_caller(UniqueFd());
  starter.tell_ok();
  house->live(options.idle_exit_ms);
  log.info("bdaas ends");
  return {};
}

int cannot_serve(const Error& error) {
  fmt::print(stderr, "bdaas: cannot serve: {}\n", error.message);
  return error.kind == ErrorKind::invalid_argument ? 2 : 3;
}

}  // namespace

int serve(const ServeOptions& options, const StateDir& dir) {
  Starter starter;
  if (options.detach) {
    auto forked = go_to_background("bdaas");
    if (!forked) return cannot_serve(forked.error());
    if (const int* code = std::get_if<int>(&*forked)) return *code;
    starter = std::get<Starter>(*std::move(forked));
  }
  block_stop_signals();  // not in who waits for the one in the background: Ctrl-C ends that wait
  const auto ran = run_house(options, dir, starter);
  return ran ? 0 : cannot_serve(ran.error());
}

}  // namespace bdaas
