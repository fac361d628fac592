#include "store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "base/temp_dir.h"
#include "base/unique_fd.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Time kNow{Millis{1'700'000'000'123}};

Cluster a_cluster(const std::string& id, const std::string& owner = "u-1") {
  Cluster cluster;
  cluster.id = {"c-" + id};
  cluster.owner = {owner};
  cluster.created_at = kNow;
  return cluster;
}

Node a_node(const std::string& id, const std::string& cluster) {
  Node node;
  node.id = {"n-" + id};
  node.cluster = {cluster};
  node.lease = {"l-" + id};
  node.daemons = {{"datanode", DaemonState::ready, 4711, 0, 0, ""}};
  return node;
}

template <class N>
std::vector<std::string> ids(const Result<std::vector<N>>& rows) {
  std::vector<std::string> texts;
  for (const auto& row : rows.value()) texts.push_back(row.id.text);
  return texts;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    store_.reset();
    auto opened = Store::open(file());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
  }
  fs::path file() const { return directory_.path() / "bdaas.db"; }

  template <class N>
  void insert_committed(N row) {
    ASSERT_TRUE(store_->begin().ok());
    const auto inserted = store_->insert(row, kNow);
    ASSERT_TRUE(inserted.ok()) << inserted.error().message;
    ASSERT_TRUE(store_->commit(Durability::normal).ok());
  }
  // What another thread sees: the last commit.
  template <class Body>
  void elsewhere(Body body) {
    std::thread(body).join();
  }

  const TempDir directory_ = TempDir::make().value();
  std::unique_ptr<Store> store_;
};

// ---- rows ----

TEST_F(StoreTest, GivesBackWhatWasInserted) {
  auto cluster = a_cluster("one");
  cluster.spec.workers = 3;
  cluster.spec.settings = {{"spark.a", "b"}};
  cluster.job = JobId{"j-1"};
  insert_committed(cluster);
  const auto check = [&] {
    const auto got = store_->get<Cluster>({"c-one"});
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ(got->version, 1);
    EXPECT_EQ(got->spec.workers, 3);
    EXPECT_EQ(got->spec.settings.at("spark.a"), "b");
    EXPECT_EQ(got->job->text, "j-1");
    EXPECT_EQ(got->status.since, kNow);
  };
  check();
  elsewhere(check);
  open();
  check();
  EXPECT_EQ(store_->get<Cluster>({"c-two"}).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, EveryNounHasItsTable) {
  EXPECT_THAT(store_->list<User>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Program>().value(), IsEmpty());
  EXPECT_THAT(store_->list<DataSet>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Cluster>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Node>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Lease>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Step>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Job>().value(), IsEmpty());
  EXPECT_THAT(store_->list<JobResult>().value(), IsEmpty());
  EXPECT_THAT(store_->list<Intent>().value(), IsEmpty());
}

TEST_F(StoreTest, RefusesAnIdTwiceAndGoesOn) {
  insert_committed(a_cluster("one"));
  ASSERT_TRUE(store_->begin().ok());
  auto again = a_cluster("one");
  EXPECT_EQ(store_->insert(again, kNow).error().kind, ErrorKind::conflict);
  auto other = a_cluster("two");
  EXPECT_TRUE(store_->insert(other, kNow).ok());
  ASSERT_TRUE(store_->commit(Durability::normal).ok());
  EXPECT_EQ(store_->history({}).value().size(), 2u);  // none of the refused one
}

TEST_F(StoreTest, RefusesANewRowThatIsNotAtItsBeginning) {
  ASSERT_TRUE(store_->begin().ok());
  auto cluster = a_cluster("one");
  cluster.status.state = ClusterState::running;
  EXPECT_EQ(store_->insert(cluster, kNow).error().kind, ErrorKind::failed_precondition);
}

TEST_F(StoreTest, ListsByOwnerParentAndState) {
  insert_committed(a_cluster("one", "u-1"));
  insert_committed(a_cluster("two", "u-2"));
  insert_committed(a_cluster("three", "u-1"));
  insert_committed(a_node("a", "c-one"));
  insert_committed(a_node("b", "c-two"));
  ASSERT_TRUE(store_->begin().ok());
  auto cluster = store_->get<Cluster>({"c-three"}).value();
  ASSERT_TRUE(
      store_->transition(cluster, ClusterState::provisioning, Reason::progress, "manager", "", kNow)
          .ok());
  ASSERT_TRUE(store_->commit(Durability::normal).ok());

  const auto check = [&] {
    EXPECT_THAT(ids(store_->list<Cluster>({.owner = "u-1"})), ElementsAre("c-one", "c-three"));
    EXPECT_THAT(ids(store_->list<Node>({.parent = "c-two"})), ElementsAre("n-b"));
    EXPECT_THAT(ids(store_->list<Cluster>({.states = {"Requested"}})),
                ElementsAre("c-one", "c-two"));
    EXPECT_THAT(ids(store_->list<Cluster>({.states = {"Provisioning", "Running"}})),
                ElementsAre("c-three"));
    EXPECT_THAT(ids(store_->list<Cluster>({.owner = "u-2", .states = {"Provisioning"}})),
                IsEmpty());
  };
  check();
  elsewhere(check);
}

TEST_F(StoreTest, PagesInBothDirections) {
  for (const auto* id : {"1", "2", "3", "4", "5"}) insert_committed(a_cluster(id));
  EXPECT_THAT(ids(store_->list<Cluster>({.limit = 2})), ElementsAre("c-1", "c-2"));
  EXPECT_THAT(ids(store_->list<Cluster>({.after = "c-2", .limit = 2})), ElementsAre("c-3", "c-4"));
  EXPECT_THAT(ids(store_->list<Cluster>({.after = "c-4", .limit = 2})), ElementsAre("c-5"));
  EXPECT_THAT(ids(store_->list<Cluster>({.limit = 2, .newest_first = true})),
              ElementsAre("c-5", "c-4"));
  EXPECT_THAT(ids(store_->list<Cluster>({.after = "c-4", .limit = 2, .newest_first = true})),
              ElementsAre("c-3", "c-2"));
  EXPECT_EQ(store_->list<Cluster>({.after = "c-gone"}).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, UpdateChecksTheVersionAndKeepsTheStatus) {
  insert_committed(a_cluster("one"));
  ASSERT_TRUE(store_->begin().ok());
  auto first = store_->get<Cluster>({"c-one"}).value();
  auto second = first;
  first.ready_workers = 2;
  first.status.state = ClusterState::terminated;  // not this way
  ASSERT_TRUE(store_->update(first).ok());
  EXPECT_EQ(first.version, 2);
  EXPECT_EQ(first.status.state, ClusterState::requested);

  const auto late = store_->update(second);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
  EXPECT_THAT(late.error().message, HasSubstr("version 2, not 1"));
  EXPECT_EQ(second.version, 1);
  ASSERT_TRUE(store_->commit(Durability::normal).ok());

  open();
  EXPECT_EQ(store_->get<Cluster>({"c-one"})->ready_workers, 2);
  EXPECT_EQ(store_->get<Cluster>({"c-one"})->status.state, ClusterState::requested);
}

TEST_F(StoreTest, RemovedRowsAreGone) {
  insert_committed(a_node("a", "c-one"));
  ASSERT_TRUE(store_->begin().ok());
  ASSERT_TRUE(store_->remove<Node>({"n-a"}).ok());
  EXPECT_EQ(store_->remove<Node>({"n-a"}).error().kind, ErrorKind::not_found);
  auto node = a_node("a", "c-one");
  node.version = 1;
  EXPECT_EQ(store_->update(node).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store_->commit(Durability::normal).ok());
  EXPECT_EQ(store_->get<Node>({"n-a"}).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, TextThatIsNoUtf8CanBeReadBack) {
  auto node = a_node("a", "c-one");
  node.daemons[0].message = "last line: \xff\xfe";
  insert_committed(node);
  EXPECT_EQ(store_->get<Node>({"n-a"})->daemons[0].message, "last line: \uFFFD\uFFFD");
  elsewhere([&] { EXPECT_TRUE(store_->get<Node>({"n-a"}).ok()); });
}

// ---- transitions and history ----

TEST_F(StoreTest, TransitionWritesRowAndHistory) {
  insert_committed(a_cluster("one"));
  ASSERT_TRUE(store_->begin().ok());
  auto cluster = store_->get<Cluster>({"c-one"}).value();
  cluster.ready_workers = 1;
  ASSERT_TRUE(store_
                  ->transition(cluster, ClusterState::provisioning, Reason::progress, "manager",
                               "leases are written", kNow + Millis{5})
                  .ok());
  ASSERT_TRUE(store_->commit(Durability::full).ok());
  EXPECT_EQ(cluster.version, 2);
  EXPECT_EQ(cluster.status.state, ClusterState::provisioning);
  EXPECT_EQ(store_->get<Cluster>({"c-one"})->ready_workers, 1);

  const auto history = store_->history({}).value();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].from, "");
  EXPECT_EQ(history[0].to, "Requested");
  EXPECT_EQ(history[1].seq, 2);
  EXPECT_EQ(history[1].at, kNow + Millis{5});
  EXPECT_EQ(history[1].kind, "clusters");
  EXPECT_EQ(history[1].subject, "c-one");
  EXPECT_EQ(history[1].owner, "u-1");
  EXPECT_EQ(history[1].from, "Requested");
  EXPECT_EQ(history[1].to, "Provisioning");
  EXPECT_EQ(history[1].reason, Reason::progress);
  EXPECT_EQ(history[1].source, "manager");
  EXPECT_EQ(history[1].message, "leases are written");
}

TEST_F(StoreTest, RefusesAnEdgeThatIsNotInTheTable) {
  insert_committed(a_cluster("one"));
  ASSERT_TRUE(store_->begin().ok());
  auto cluster = store_->get<Cluster>({"c-one"}).value();
  const auto refused =
      store_->transition(cluster, ClusterState::running, Reason::progress, "manager", "", kNow);
  EXPECT_EQ(refused.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(refused.error().message, HasSubstr("is Requested and cannot become Running"));
  EXPECT_EQ(cluster.status.state, ClusterState::requested);

  cluster.status.state = ClusterState::starting;  // a lie does not help
  EXPECT_FALSE(
      store_->transition(cluster, ClusterState::running, Reason::progress, "manager", "", kNow)
          .ok());
  EXPECT_EQ(store_->history({}).value().size(), 1u);
}

TEST_F(StoreTest, TransitionOfAnOldVersionIsAConflict) {
  insert_committed(a_cluster("one"));
  ASSERT_TRUE(store_->begin().ok());
  auto old = store_->get<Cluster>({"c-one"}).value();
  auto fresh = old;
  ASSERT_TRUE(store_->update(fresh).ok());
  EXPECT_EQ(
      store_->transition(old, ClusterState::terminating, Reason::user_request, "user", "", kNow)
          .error()
          .kind,
      ErrorKind::conflict);
}

TEST_F(StoreTest, RollbackUndoesRowsHistoryAndWhatTheWriterSees) {
  insert_committed(a_cluster("one"));
  ASSERT_TRUE(store_->begin().ok());
  auto cluster = store_->get<Cluster>({"c-one"}).value();
  ASSERT_TRUE(
      store_->transition(cluster, ClusterState::terminating, Reason::user_request, "user", "", kNow)
          .ok());
  auto second = a_cluster("two");
  ASSERT_TRUE(store_->insert(second, kNow).ok());
  EXPECT_EQ(store_->get<Cluster>({"c-one"})->status.state, ClusterState::terminating);
  EXPECT_EQ(store_->last_seq(), 3);
  elsewhere([&] {
    EXPECT_EQ(store_->get<Cluster>({"c-one"})->status.state, ClusterState::requested);
    EXPECT_EQ(store_->history({}).value().size(), 1u);
    EXPECT_EQ(store_->last_seq(), 1);
  });
  store_->rollback();

  EXPECT_EQ(store_->get<Cluster>({"c-one"})->status.state, ClusterState::requested);
  EXPECT_EQ(store_->get<Cluster>({"c-two"}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store_->history({}).value().size(), 1u);
  EXPECT_EQ(store_->last_seq(), 1);

  // The same version with another content must not be taken for the one that was rolled back.
  ASSERT_TRUE(store_->begin().ok());
  cluster = store_->get<Cluster>({"c-one"}).value();
  cluster.ready_workers = 7;
  ASSERT_TRUE(store_->update(cluster).ok());
  ASSERT_TRUE(store_->commit(Durability::normal).ok());
  EXPECT_EQ(store_->list<Cluster>().value().at(0).ready_workers, 7);
}

TEST_F(StoreTest, HistoryIsFilteredAndItsNumbersAreNeverUsedTwice) {
  insert_committed(a_cluster("one"));
  Step step;
  step.id = {"s-1"};
  step.owner = {"u-1"};
  step.cluster = {"c-one"};
  insert_committed(step);
  insert_committed(a_cluster("two", "u-2"));
  ASSERT_TRUE(store_->begin().ok());
  HistoryRow note;
  note.at = kNow;
  note.kind = "nodes";
  note.subject = "n-1";
  note.context = "c-one";
  note.message = "node ready";
  ASSERT_TRUE(store_->append_history(note).ok());
  ASSERT_TRUE(store_->commit(Durability::normal).ok());

  const auto subjects = [&](const Store::HistoryQuery& query) {
    std::vector<std::string> found;
    const auto rows = store_->history(query).value();
    for (const auto& row : rows) found.push_back(row.subject);
    return found;
  };
  EXPECT_THAT(subjects({}), ElementsAre("c-one", "s-1", "c-two", "n-1"));
  EXPECT_THAT(subjects({.after_seq = 2}), ElementsAre("c-two", "n-1"));
  EXPECT_THAT(subjects({.owner = "u-1"}), ElementsAre("c-one", "s-1"));
  EXPECT_THAT(subjects({.subject = "c-one"}), ElementsAre("c-one", "s-1", "n-1"));
  EXPECT_THAT(subjects({.limit = 1}), ElementsAre("c-one"));
  EXPECT_EQ(store_->last_seq(), 4);
  open();
  EXPECT_EQ(store_->last_seq(), 4);
}

// ---- transactions ----

TEST_F(StoreTest, WritesOutsideOfATransactionAreRefused) {
  auto cluster = a_cluster("one");
  EXPECT_EQ(store_->insert(cluster, kNow).error().kind, ErrorKind::internal);
  EXPECT_EQ(store_->commit(Durability::normal).error().kind, ErrorKind::internal);
  store_->rollback();
  ASSERT_TRUE(store_->begin().ok());
  EXPECT_EQ(store_->begin().error().kind, ErrorKind::internal);
  elsewhere([&] {
    auto other = a_cluster("two");
    EXPECT_EQ(store_->insert(other, kNow).error().kind, ErrorKind::internal);
  });
}

TEST_F(StoreTest, ClosingWithoutCommitForgets) {
  ASSERT_TRUE(store_->begin().ok());
  auto cluster = a_cluster("one");
  ASSERT_TRUE(store_->insert(cluster, kNow).ok());
  open();
  EXPECT_THAT(store_->list<Cluster>().value(), IsEmpty());
}

// ---- the file ----

TEST_F(StoreTest, OnlyTheOwnerMayReadTheFiles) {
  insert_committed(a_cluster("one"));
  for (const auto* suffix : {"", "-wal", "-shm", "-lock"}) {
    struct stat status {};
    ASSERT_EQ(stat((file().string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(StoreTest, RefusesASecondManager) {
  const auto second = Store::open(file());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(second.error().message, HasSubstr("in use by another manager"));
  store_.reset();
  EXPECT_TRUE(Store::open(file()).ok());
}

// Rows are read by the field lists of today, which refuse what they do not know.
TEST_F(StoreTest, ReadsRowsOfAnEarlierVersionThatHadMoreMembers) {
  Intent intent;
  intent.id = IntentId{"t-1"};
  intent.subject = "l-1";
  Node node;
  node.id = NodeId{"n-1"};
  node.lease = LeaseId{"l-1"};
  ASSERT_TRUE(store_->begin().ok());
  ASSERT_TRUE(store_->insert(intent, Time{}).ok());
  ASSERT_TRUE(store_->insert(node, Time{}).ok());
  ASSERT_TRUE(store_->commit(Durability::normal).ok());
  store_.reset();
  SQLite::Database(file().string(), SQLite::OPEN_READWRITE)
      .exec(
          "UPDATE intents SET body = json_set(body, '$.deadline', '2026-01-01T00:00:00.000Z');"
          "UPDATE nodes SET body = json_set(body, '$.last_seen', '2026-01-01T00:00:00.000Z');"
          "DELETE FROM schema_version WHERE version > 3");
  const auto opened = Store::open(file());
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const auto intents = (*opened)->list<Intent>();
  ASSERT_TRUE(intents.ok()) << intents.error().message;
  EXPECT_EQ(intents->size(), 1u);
  const auto nodes = (*opened)->list<Node>();
  ASSERT_TRUE(nodes.ok()) << nodes.error().message;
  EXPECT_EQ(nodes->size(), 1u);
}

TEST_F(StoreTest, RefusesAFileOfANewerVersion) {
  store_.reset();
  SQLite::Database(file().string(), SQLite::OPEN_READWRITE)
      .exec("INSERT INTO schema_version VALUES(999)");
  const auto opened = Store::open(file());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(opened.error().message, HasSubstr("newer version (schema 999"));
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
  store_.reset();
  ASSERT_TRUE(remove_tree(file().string() + "-wal").ok());
  ASSERT_TRUE(write_file(file(), std::string(8192, 'x')).ok());
  EXPECT_EQ(Store::open(file()).error().kind, ErrorKind::corrupted);
  EXPECT_EQ(Store::open(directory_.path() / "absent" / "bdaas.db").error().kind,
            ErrorKind::not_found);
}

// A child commits once, writes on without a commit, and is killed.
[[noreturn]] void write_until_killed(const fs::path& file, int ready) {
  auto opened = Store::open(file);
  if (!opened) _exit(1);
  auto& store = **opened;
  auto one = a_cluster("one");
  auto two = a_cluster("two");
  const bool done =
      store.begin().ok() && store.insert(one, kNow).ok() && store.commit(Durability::full).ok() &&
      store.begin().ok() &&
      store.transition(one, ClusterState::terminating, Reason::user_request, "user", "", kNow)
          .ok() &&
      store.insert(two, kNow).ok();
  if (!done || write(ready, "r", 1) != 1) _exit(1);
  for (;;) pause();
}

TEST_F(StoreTest, KillInTheMiddleOfATransactionLeavesTheLastCommit) {
  store_.reset();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) write_until_killed(file(), ends[1]);
  writing.reset();
  char ready = 0;
  EXPECT_EQ(read(reading.get(), &ready, 1), 1);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));

  open();
  const auto clusters = store_->list<Cluster>().value();
  ASSERT_EQ(clusters.size(), 1u);
  EXPECT_EQ(clusters[0].status.state, ClusterState::requested);
  EXPECT_EQ(store_->history({}).value().size(), 1u);
}

// ---- threads ----

TEST_F(StoreTest, ReadersSeeWholeCommitsWhileTheWriterWrites) {
  insert_committed(a_node("a", "c-one"));
  insert_committed(a_node("b", "c-one"));
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto nodes = store_->list<Node>({.parent = "c-one"});
        const bool whole =
            nodes.ok() && nodes->size() == 2 && nodes->at(0).report_seq == nodes->at(1).report_seq;
        if (!whole || !store_->get<Node>({"n-a"}).ok() || !store_->history({}).ok()) ++torn;
        ++reads;
      }
    });
  }
  for (int round = 1; round <= 100 || reads < 100; ++round) {
    ASSERT_TRUE(store_->begin().ok());
    for (const auto* id : {"n-a", "n-b"}) {
      auto node = store_->get<Node>({id}).value();
      node.report_seq = round;
      ASSERT_TRUE(store_->update(node).ok());
    }
    ASSERT_TRUE(store_->commit(round % 20 == 0 ? Durability::full : Durability::normal).ok());
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

// On a full disk only what is overwritten or allocated already can be written.
TEST_F(StoreTest, TheLogHasSpaceOfItsOwn) {
  const auto log = file().native() + "-wal";
  struct stat status {};
  ASSERT_EQ(::stat(log.c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 8 << 20);
  EXPECT_LT(status.st_size, 1 << 20);
}

TEST_F(StoreTest, MoreRowsThanTheCacheHolds) {
  const auto count = static_cast<int>(RowCache::kRowsMax) + 10;
  ASSERT_TRUE(store_->begin().ok());
  for (int i = 0; i < count; ++i) {
    auto node = a_node(std::to_string(i), "c-one");
    node.index = i;
    ASSERT_TRUE(store_->insert(node, kNow).ok());
  }
  ASSERT_TRUE(store_->commit(Durability::normal).ok());
  const auto nodes = store_->list<Node>({.parent = "c-one"}).value();
  ASSERT_EQ(nodes.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) ASSERT_EQ(nodes[static_cast<std::size_t>(i)].index, i);
}

}  // namespace
}  // namespace bdaas
