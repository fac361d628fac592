#pragma once
// The whole API over a real socket, a real store and real streams; only what the control room and
// the engines would do is played. For tests.

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "api/api.h"
#include "api/http_server.h"
#include "api/test_client.h"
#include "base/temp_dir.h"

namespace bdaas::api {

// The store's one writer, as the control room has it.
class WriterThread {
 public:
  explicit WriterThread(Store& store) : store_(store), thread_([this] { run(); }) {}
  ~WriterThread() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // Carries out `work` in a transaction and returns what it returned.
  template <class Work>
  auto write(Work work) -> decltype(work()) {
    std::promise<decltype(work())> answer;
    auto future = answer.get_future();
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back([&] { answer.set_value(in_transaction(work)); });
    }
    changed_.notify_all();
    return future.get();
  }

 private:
  template <class Work>
  auto in_transaction(Work& work) -> decltype(work()) {
    EXPECT_TRUE(store_.begin());
    auto result = work();
    if (result) {
      EXPECT_TRUE(store_.commit(Durability::normal));
    } else {
      store_.rollback();
    }
    return result;
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ended_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }

  Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool ended_ = false;                       // guarded by mutex_
  std::thread thread_;
};

// Writes the rows a wish asks for, and nothing happens to them then.
class FakeCommands final : public Commands {
 public:
  FakeCommands(Store& store, WriterThread& writer, const Clock& clock)
      : store_(store), writer_(writer), clock_(clock) {}

  Result<Program> add_program(const UserId& owner, Program program) override {
    return insert(owner, std::move(program));
  }
  Result<> remove_program(const UserId& owner, const ProgramId& id) override {
    return remove<Program>(owner, id);
  }
  Result<DataSet> add_data_set(const UserId& owner, DataSet data) override {
    return insert(owner, std::move(data));
  }
  Result<> remove_data_set(const UserId& owner, const DataSetId& id) override {
    return remove<DataSet>(owner, id);
  }

  Result<Job> create_job(const UserId& owner, JobSpec spec) override {
    BDAAS_TRY(own<Program>(owner, spec.program));
    Job job;
    job.spec = std::move(spec);
    return insert(owner, std::move(job));
  }
  Result<Job> cancel_job(const UserId& owner, const JobId& id) override {
    return change<Job>(owner, id, [](Job& job) { job.cancel_wanted = true; });
  }

  Result<MemoryPlan> check_cluster(const ClusterSpec& spec, std::int64_t data_bytes) override {
    if (data_bytes > (1ll << 40)) return fail(ErrorKind::resource_exhausted, "no room");
    return MemoryPlan{.node_memory_mib = 1000, .executors = spec.workers};
  }
  Result<Cluster> create_cluster(const UserId& owner, ClusterSpec spec) override {
    Cluster cluster;
    cluster.spec = std::move(spec);
    return insert(owner, std::move(cluster));
  }
  Result<Cluster> resize_cluster(const UserId& owner, const ClusterId& id,
                                 std::int64_t workers) override {
    return change<Cluster>(owner, id, [&](Cluster& cluster) { cluster.spec.workers = workers; });
  }
  Result<Cluster> terminate_cluster(const UserId& owner, const ClusterId& id) override {
    return change<Cluster>(owner, id,
                           [](Cluster& cluster) { cluster.wish = ClusterWish::terminated; });
  }

  Result<Step> add_step(const UserId& owner, const ClusterId& cluster, StepSpec spec) override {
    BDAAS_TRY(own<Cluster>(owner, cluster));
    BDAAS_TRY(own<Program>(owner, spec.program));
    Step step;
    step.cluster = cluster;
    step.spec = std::move(spec);
    return insert(owner, std::move(step));
  }
  Result<Step> cancel_step(const UserId& owner, const StepId& id) override {
    return change<Step>(owner, id, [](Step& step) { step.cancel_wanted = true; });
  }

  Result<> remove_result(const UserId& owner, const ResultId& id) override {
    return remove<JobResult>(owner, id);
  }

  template <Noun N>
  Result<N> insert(const UserId& owner, N row) {
    if (row.id.empty()) row.id = new_id<IdOf<N>>(entropy_);
    row.owner = owner;
    row.created_at = clock_.now();
    return writer_.write([&]() -> Result<N> {
      BDAAS_TRY(store_.insert(row, clock_.now()));
      return row;
    });
  }

  template <Noun N, class Change>
  Result<N> change(const UserId& owner, const IdOf<N>& id, Change change) {
    return writer_.write([&]() -> Result<N> {
      BDAAS_ASSIGN(auto row, own<N>(owner, id));
      change(row);
      BDAAS_TRY(store_.update(row));
      return row;
    });
  }

 private:
  template <Noun N>
  Result<N> own(const UserId& owner, const IdOf<N>& id) const {
    auto row = store_.get<N>(id);
    if (row && row->owner != owner) return fail(ErrorKind::not_found, "there is no {}", id.text);
    return row;
  }
  template <Noun N>
  Result<> remove(const UserId& owner, const IdOf<N>& id) {
    return writer_.write([&]() -> Result<> {
      BDAAS_TRY(own<N>(owner, id));
      return store_.remove<N>(id);
    });
  }

  Store& store_;
  WriterThread& writer_;
  const Clock& clock_;
  SystemEntropy entropy_;
};

// One release, fetched as slowly as the test likes.
class FakeReleases final : public Releases {
 public:
  Result<std::vector<ReleaseStatus>> list() override {
    return std::vector<ReleaseStatus>{
        {.name = "bdaas-1", .present = false, .message = "not fetched"}};
  }
  Result<ReleaseFacts> facts(const std::string&) override {
    return fail(ErrorKind::failed_precondition, "fetch it first");
  }
  Result<ReleaseFacts> fetch(const std::string&, const ReleaseProgress& progress,
                             const std::atomic<bool>&) override {
    ++fetches;
    progress("hadoop: 1 of 2 MB");
    std::unique_lock lock(mutex);
    go_on.wait(lock, [this] { return may_end; });
    progress("hadoop: 2 of 2 MB");
    if (!failure.empty()) return fail(ErrorKind::unavailable, "{}", failure);
    return ReleaseFacts{};
  }
  Result<> verify(const std::string&) override {
    return fail(ErrorKind::corrupted, "a jar is not what it was; fetch the release again");
  }
  void let_end() {
    const std::lock_guard lock(mutex);
    may_end = true;
    go_on.notify_all();
  }

  std::atomic<int> fetches = 0;
  std::string failure;  // set before the fetch
  std::mutex mutex;
  std::condition_variable go_on;
  bool may_end = false;  // guarded by mutex
};

// Drivers answer at once, or when the test lets them.
class FakeStages final : public StageSource {
 public:
  Result<std::vector<Stage>> stages(const ClusterFacts&, const Step& step) override {
    {
      std::unique_lock lock(mutex);
      ++asked;
      changed.notify_all();
      changed.wait_for(lock, std::chrono::seconds(20), [this] { return !hang; });
    }
    if (step.handle.empty()) return fail(ErrorKind::not_found, "no driver yet");
    return std::vector<Stage>{{.id = 1, .name = "count", .state = "ACTIVE", .tasks = 8, .done = 3}};
  }
  void set_hang(bool on) {
    const std::lock_guard lock(mutex);
    hang = on;
    changed.notify_all();
  }
  bool wait_until_asked(int times) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), [&] { return asked >= times; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool hang = false;  // guarded by mutex
  int asked = 0;      // guarded by mutex
};

// One server, which says what it was asked; and the last look at another.
class FakePages final : public Pages {
 public:
  std::vector<PageServer> servers(const ClusterFacts&) const override {
    return {
        {.name = "namenode", .title = "HDFS NameNode", .host = "m", .port = 9870, .overview = {}}};
  }
  Result<PageAnswer> get(const ClusterFacts&, const std::string& place, const std::string& page,
                         const PageRequest& request) override {
    if (page != "namenode") return fail(ErrorKind::not_found, "no such page");
    PageAnswer answer;
    answer.headers = {{"Content-Type", "text/plain"}};
    answer.body = fmt::format("{} {} {}", place, page, request.target);
    for (const auto& [name, value] : request.headers) answer.body += " " + name + "=" + value;
    return answer;
  }
  Result<PageAnswer> history(const PageRequest& request) override {
    PageAnswer answer;
    answer.body = "history " + request.target;
    return answer;
  }
  std::vector<PageSnapshot> snapshots(const ClusterId& cluster) const override {
    return {snapshot(cluster, "driver").value()};
  }
  Result<PageSnapshot> snapshot(const ClusterId&, const std::string& page) const override {
    if (page != "driver") return fail(ErrorKind::not_found, "never seen");
    return PageSnapshot{.page = "driver",
                        .title = "Spark driver",
                        .taken_at = Time{Millis{1'700'000'000'000}},
                        .parts = {{"Jobs", R"([{"name": "<count>", "done": 3}])"}}};
  }
};

struct Asked {
  std::string method = "GET";
  std::string path;
  std::string body;
  std::string headers;  // more, each with its "\r\n"
  bool with_token = true;
};

class ApiTest : public testing::Test {
 protected:
  static constexpr std::string_view kToken = "a-secret-of-this-test";

  ApiTest() {
    for (const auto& dir :
         {dir_.uploads(), dir_.programs(), dir_.data(), dir_.results(), dir_.steps()}) {
      fs::create_directories(dir);
    }
  }

  static std::string request(const Asked& asked) {
    auto text = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}", asked.method, asked.path,
                            asked.headers);
    if (asked.with_token) text += fmt::format("Authorization: Bearer {}\r\n", kToken);
    const bool named = asked.headers.find("Content-Type") != std::string::npos;
    if (!asked.body.empty() && !named) text += "Content-Type: application/json\r\n";
    const bool sends = !asked.body.empty() || asked.method == "POST" || asked.method == "PATCH";
    if (sends) text += fmt::format("Content-Length: {}\r\n", asked.body.size());
    return text + "\r\n" + asked.body;
  }

  TestClient client() const { return TestClient(server_->port()); }
  TestAnswer ask(const Asked& asked) const { return client().ask(request(asked)); }
  TestAnswer get(std::string path) const { return ask({.path = std::move(path)}); }
  TestAnswer post(std::string path, std::string body = "") const {
    return ask({.method = "POST", .path = std::move(path), .body = std::move(body)});
  }
  static json::value parsed(const TestAnswer& answer) {
    auto value = parse_json(answer.body);
    EXPECT_TRUE(value) << answer.head << answer.body;
    return value.value_or(json::value(json::object{}));
  }
  template <class T>
  static T read(const TestAnswer& answer) {
    auto value = from_json<T>(parsed(answer));
    EXPECT_TRUE(value) << answer.head << answer.body;
    return value ? *value : T{};
  }
  static std::string error_kind(const TestAnswer& answer) {
    return std::string(to_text(read<ErrorAnswer>(answer).error.kind));
  }

  // Rows to talk about.
  Program program(const UserId& owner) {
    return commands_.insert(owner, Program{.name = "count.py", .sha256 = std::string(64, 'a')})
        .value();
  }
  Job job(const UserId& owner) {
    return commands_.create_job(owner, {.program = program(owner).id}).value();
  }
  Cluster cluster(const UserId& owner) { return commands_.create_cluster(owner, {}).value(); }
  Step step(const UserId& owner) {
    return commands_.add_step(owner, cluster(owner).id, {.program = program(owner).id}).value();
  }

  const UserId user_{"u-000000000001"};
  const UserId other_{"u-000000000002"};
  TempDir temp_ = TempDir::make().value();
  StateDir dir_{temp_.path(), temp_.path() / "packages"};
  SystemClock clock_;
  SystemEntropy entropy_;
  std::unique_ptr<Store> store_ = Store::open(dir_.database()).value();
  EventHub events_;
  WriterThread writer_{*store_};
  FakeCommands commands_{*store_, writer_, clock_};
  std::unique_ptr<Uploads> uploads_ = Uploads::open(dir_, {}, clock_, entropy_).value();
  FileSpool spool_{dir_};
  FakeReleases releases_;
  FakeStages stages_;
  std::unique_ptr<ReleaseFetches> fetches_ = std::make_unique<ReleaseFetches>(releases_);
  FakePages pages_;
  PageDoor door_{clock_, entropy_};
  std::promise<bool> shutdown_;
  Api api_{
      {.store = *store_,
       .commands = commands_,
       .uploads = *uploads_,
       .spool = spool_,
       .releases = releases_,
       .fetches = *fetches_,
       .stages = stages_,
       .events = events_,
       .clock = clock_,
       .dir = dir_,
       .info = {"1.2.3", InstallationId{"i-000000000001"}, 4711, clock_.now()},
       .doctor = [] { return std::vector<Finding>{{.check = "java", .ok = true}}; },
       .cluster_facts = [](const Cluster&) { return ClusterFacts{}; },
       .shutdown = [this](bool terminate) { shutdown_.set_value(terminate); },
       .log = {},
       .pages = &pages_,
       .door = &door_,
       .known_logins =
           [](const std::vector<SshLogin>& logins) {
             std::vector<KnownSshLogin> known;
             for (const auto& login : logins) {
               known.push_back({.host = {login.host.address, 22, "ann", {"ssh-ed25519 AAAA"}},
                                .jumps = {},
                                .key_file = login.key_file});
             }
             return known;
           }},
      {.token = Secret<std::string>(std::string(kToken)), .user = user_, .hosts = {"my-host"}}};
  std::unique_ptr<HttpServer> server_ = HttpServer::start({}, api_).value();
};

}  // namespace bdaas::api
