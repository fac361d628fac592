#include "agent/daemons.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "agent/test_dir.h"

namespace bdaas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// While it lives no file can be opened: as with a full disk, that may pass.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{1, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

class DaemonStartTest : public testing::Test {
 protected:
  DaemonStartTest() { node_.config.dir = dir_.path(); }

  void want(const std::string& program) {
    DaemonSpec spec;
    spec.name = "one";
    spec.argv = {program};
    spec.log = dir_.path("one.log");
    spec.max_restarts = 2;
    NodePlan plan;
    plan.revision = 1;
    plan.daemons = {spec};
    ASSERT_TRUE(store_.save_plan(plan).ok());
    daemons_.plan_changed();
  }
  DaemonStatus tick(Millis later = Millis{0}) {
    now_ += later;
    daemons_.tick(now_);
    return daemons_.statuses().at(0);
  }
  DaemonStatus tick_without_descriptors(Millis later = Millis{0}) {
    const NoDescriptors none;
    return tick(later);
  }

  const TestDir dir_;
  NodeContext node_;
  NodeFiles files_ = NodeFiles::open(dir_.path()).value();
  StateStore store_ = StateStore::open(dir_.path(), "boot").value();
  Daemons daemons_{node_, files_, store_};
  Instant now_{Millis{1'000'000}};
};

TEST_F(DaemonStartTest, IsTriedAgainWhenItsReasonMayPass) {
  want("/bin/true");
  const auto put_off = tick_without_descriptors();
  EXPECT_EQ(put_off.state, DaemonState::restarting);
  EXPECT_THAT(put_off.message, AllOf(HasSubstr("/bin/true"), HasSubstr("Too many open files")));
  EXPECT_EQ(tick(Millis{199}).state, DaemonState::restarting);
  const auto started = tick(Millis{1});
  EXPECT_EQ(started.state, DaemonState::starting);
  ASSERT_GT(started.pid, 0);
  EXPECT_EQ(::waitpid(static_cast<pid_t>(started.pid), nullptr, 0), started.pid);
}

TEST_F(DaemonStartTest, FailsWhenItsReasonDoesNotPass) {
  want("/bin/true");
  EXPECT_EQ(tick_without_descriptors().state, DaemonState::restarting);
  EXPECT_EQ(tick_without_descriptors(Millis{200}).state, DaemonState::restarting);
  const auto failed = tick_without_descriptors(Millis{400});
  EXPECT_EQ(failed.state, DaemonState::failed);
  EXPECT_THAT(failed.message, HasSubstr("its end number 3 within ten minutes"));
}

TEST_F(DaemonStartTest, FailsAtOnceWhenItsProgramIsNotThere) {
  want("/no/such/java");
  const auto failed = tick();
  EXPECT_EQ(failed.state, DaemonState::failed);
  EXPECT_THAT(failed.message, AllOf(HasSubstr("/no/such/java"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace bdaas
