#include "stream/sweep.h"

#include <gmock/gmock.h>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Time kNow{Millis{1'700'000'000'000}};
constexpr Time kLongAgo = kNow - kKeptWithoutResult;
constexpr Time kYesterday = kNow - std::chrono::hours(24);

DiskEntry lying(const std::string& path, Time changed_at = kYesterday) {
  return {path, changed_at};
}

Job job(JobState state, std::optional<ResultId> result = {}) {
  Job job{.id = {"j-1"}, .cluster = ClusterId{"c-1"}, .result = std::move(result)};
  job.status.state = state;
  return job;
}

Step step(StepState state, Time since, std::optional<JobId> of = JobId{"j-1"}) {
  Step step{.id = {"s-1"}, .cluster = {"c-1"}, .job = std::move(of)};
  step.status.state = state;
  step.status.since = since;
  return step;
}

Cluster cluster(ClusterState state, Time since) {
  Cluster cluster{.id = {"c-1"}};
  cluster.status.state = state;
  cluster.status.since = since;
  return cluster;
}

// What is removed of the directories of s-1 and c-1, by their names.
std::vector<std::string> removed(const SweepRows& rows) {
  const DiskView disk{.steps = {lying("steps/s-1")},
                      .history = {lying("history/c-1-application_7_0001")},
                      .pages = {lying("pages/c-1")}};
  std::vector<std::string> names;
  for (const auto& path : left_over(disk, rows, kNow)) names.push_back(path.native());
  return names;
}

TEST(LeftOver, IsContentThatNoRowHasAndNoUploadWillBring) {
  const DiskView disk{.programs = {lying("aa"), lying("bb"), lying("cc")},
                      .data = {lying("d-1"), lying("d-2"), lying("d-3")}};
  const SweepRows rows{.programs = {{.id = {"p-1"}, .sha256 = "aa"}},
                       .data = {{.id = {"d-1"}}},
                       .awaited = {"bb", "d-2"}};
  EXPECT_THAT(left_over(disk, rows, kNow), ElementsAre("cc", "d-3"));
}

TEST(LeftOver, NothingOfWhatGoesOn) {
  for (const auto state : {JobState::submitted, JobState::collecting, JobState::finishing}) {
    EXPECT_THAT(removed({.clusters = {cluster(ClusterState::terminated, kLongAgo)},
                         .steps = {step(StepState::succeeded, kLongAgo)},
                         .jobs = {job(state)}}),
                IsEmpty());
  }
  EXPECT_THAT(removed({.clusters = {cluster(ClusterState::running, kLongAgo)},
                       .steps = {step(StepState::running, kLongAgo, {})}}),
              IsEmpty());
}

TEST(LeftOver, AResultKeepsWhatBelongsToIt) {
  const SweepRows rows{.clusters = {cluster(ClusterState::terminated, kLongAgo)},
                       .steps = {step(StepState::succeeded, kLongAgo)},
                       .jobs = {job(JobState::succeeded, ResultId{"r-1"})},
                       .results = {{.id = {"r-1"}, .job = {"j-1"}}}};
  EXPECT_THAT(removed(rows), IsEmpty());
  SweepRows without = rows;
  without.results.clear();
  EXPECT_THAT(removed(without),
              ElementsAre("steps/s-1", "history/c-1-application_7_0001", "pages/c-1"));
  without.clusters = {cluster(ClusterState::terminated, kYesterday)};
  EXPECT_THAT(removed(without), ElementsAre("steps/s-1"));
}

TEST(LeftOver, WithoutAResultThingsAreKeptForAWhile) {
  const auto rows = [](Time since) {
    return SweepRows{.clusters = {cluster(ClusterState::terminated, since)},
                     .steps = {step(StepState::failed, since)},
                     .jobs = {job(JobState::failed)}};
  };
  EXPECT_THAT(removed(rows(kYesterday)), IsEmpty());
  EXPECT_EQ(removed(rows(kLongAgo)).size(), 3u);
}

TEST(LeftOver, WhatBelongsToNoRowAtAllGoesWhenItIsOld) {
  EXPECT_THAT(removed({}), IsEmpty());
  const DiskView disk{.steps = {lying("steps/s-9", kLongAgo)},
                      .history = {lying("history/lost", kLongAgo)},
                      .pages = {lying("pages/c-9", kLongAgo)}};
  EXPECT_EQ(left_over(disk, {}, kNow).size(), 3u);
}

TEST(LeftOver, ArchivesWithoutARowGoWhenNoJobCouldBeWritingThem) {
  const DiskView disk{
      .results = {lying("r-1.tar.gz"), lying("r-2.tar.gz"), lying("r-3.tar.gz.part")}};
  SweepRows rows{.jobs = {job(JobState::succeeded)}, .results = {{.id = {"r-1"}}}};
  EXPECT_THAT(left_over(disk, rows, kNow), ElementsAre("r-2.tar.gz", "r-3.tar.gz.part"));
  rows.jobs = {job(JobState::collecting)};
  EXPECT_THAT(left_over(disk, rows, kNow), IsEmpty());
}

// ---- on a disk, with rows ----

class SweepTest : public testing::Test {
 protected:
  SweepTest() { start(); }

  void start() {
    uploads_ = Uploads::open(dir_, UploadLimits{.keep_free_bytes = 0}, clock_, entropy_).value();
  }
  void sweep() { Sweep(dir_, *store_, *uploads_, clock_, Log()).run(); }

  UploadId upload(const std::string& content) {
    const UploadSpec spec{.name = "wordcount.py",
                          .bytes = static_cast<std::int64_t>(content.size())};
    const auto id = uploads_->create(kOwner, spec).value().id;
    const auto writer = uploads_->append(kOwner, id, 0).value();
    EXPECT_TRUE(writer->write(content).ok());
    EXPECT_TRUE(writer->commit().ok());
    return id;
  }
  // As the API does when all bytes are there.
  Program add(const UploadId& id, const std::string& program_id) {
    auto program = std::get<Program>(uploads_->finish(kOwner, id).value());
    program.id = ProgramId{program_id};
    EXPECT_TRUE(store_->begin().ok());
    EXPECT_TRUE(store_->insert(program, clock_.now()).ok());
    EXPECT_TRUE(store_->commit(Durability::normal).ok());
    EXPECT_TRUE(uploads_->set_object(kOwner, id, program_id).ok());
    return program;
  }
  void remove(const Program& program) {
    EXPECT_TRUE(store_->begin().ok());
    EXPECT_TRUE(store_->remove<Program>(program.id).ok());
    EXPECT_TRUE(store_->commit(Durability::normal).ok());
  }
  bool is_there(const Program& program) const {
    return fs::exists(dir_.programs() / program.sha256);
  }

  const UserId kOwner{"u-ada"};
  const TempDir directory_ = TempDir::make().value();
  const StateDir dir_{directory_.path(), {}};
  FakeClock clock_{SystemClock().now()};
  SystemEntropy entropy_;
  std::unique_ptr<Store> store_ = Store::open(directory_.path() / "rows.db").value();
  std::unique_ptr<Uploads> uploads_;
};

TEST_F(SweepTest, AProgramGoesFromTheDiskWithTheLastRowThatNamesIt) {
  const auto first = add(upload("print(1)\n"), "p-1");
  const auto second = add(upload("print(1)\n"), "p-2");
  const auto other = add(upload("print(2)\n"), "p-3");
  remove(first);
  sweep();
  EXPECT_TRUE(is_there(second));
  remove(second);
  start();
  sweep();
  EXPECT_FALSE(is_there(second));
  EXPECT_TRUE(is_there(other));
}

TEST_F(SweepTest, WhatIsOnItsWayToARowStays) {
  const auto id = upload("print(1)\n");
  const auto program = std::get<Program>(uploads_->finish(kOwner, id).value());
  sweep();
  EXPECT_TRUE(is_there(program));
  start();  // the manager was killed before the row was written
  sweep();
  EXPECT_TRUE(is_there(program));
  clock_.advance(UploadLimits{}.expiry);
  sweep();
  EXPECT_FALSE(is_there(program));
}

TEST_F(SweepTest, TreesGoWhole) {
  ASSERT_TRUE(make_directory(dir_.pages() / "c-9").ok());
  ASSERT_TRUE(write_file(dir_.pages() / "c-9/driver.json", "{}").ok());
  sweep();
  EXPECT_TRUE(fs::exists(dir_.pages() / "c-9"));
  clock_.advance(kKeptWithoutResult + std::chrono::hours(1));
  sweep();
  EXPECT_FALSE(fs::exists(dir_.pages() / "c-9"));
}

}  // namespace
}  // namespace bdaas
