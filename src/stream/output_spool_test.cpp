#include "stream/output_spool.h"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::HasSubstr;

class OutputSpoolTest : public testing::Test {
 protected:
  OutputSpoolTest() { reopen(); }

  void reopen() {
    spool_ = std::make_unique<FileSpool>(
        StateDir{directory_.path(), {}},
        SpoolLimits{.head_bytes_max = 100, .tail_bytes_max = 20, .work_bytes_max = 50});
  }
  SpoolState append(std::int64_t offset, std::string_view bytes, bool end = false,
                    OutputStream stream = OutputStream::out) {
    auto state = spool_->append(step_, stream, offset, bytes, end);
    EXPECT_TRUE(state.ok()) << state.error().message;
    return state.value_or({});
  }
  SpoolReader::Part all(OutputStream stream = OutputStream::out) {
    return spool_->read_at(step_, stream, 0, 100'000).value();
  }

  const TempDir directory_ = TempDir::make().value();
  const StepId step_{"s-1"};
  std::unique_ptr<FileSpool> spool_;
};

TEST_F(OutputSpoolTest, KeepsWhatComes) {
  EXPECT_EQ(spool_->state(step_, OutputStream::out).bytes, 0);
  EXPECT_EQ(append(0, "hello ").bytes, 6);
  EXPECT_EQ(all().bytes, "hello ");
  EXPECT_FALSE(all().ended);
  const auto state = append(6, "world\n", true);
  EXPECT_EQ(state.bytes, 12);
  EXPECT_TRUE(state.ended);
  EXPECT_EQ(all().bytes, "hello world\n");
  EXPECT_TRUE(all().ended);
  EXPECT_EQ(spool_->read_at(step_, OutputStream::out, 6, 3)->bytes, "wor");
  EXPECT_FALSE(spool_->read_at(step_, OutputStream::out, 6, 3)->ended);
  EXPECT_TRUE(spool_->read_at(step_, OutputStream::out, 12, 3)->ended);
  EXPECT_EQ(all(OutputStream::err).bytes, "");
}

TEST_F(OutputSpoolTest, TakesDoubledChunksOnceAndRefusesGaps) {
  append(0, "0123456789");
  EXPECT_EQ(append(0, "0123456789").bytes, 10);
  EXPECT_EQ(append(2, "234").bytes, 10);
  EXPECT_EQ(append(5, "56789abc").bytes, 13);
  const auto gap = spool_->append(step_, OutputStream::out, 14, "x", false);
  EXPECT_EQ(gap.error().kind, ErrorKind::failed_precondition);
  EXPECT_THAT(gap.error().message, HasSubstr("byte 13, not 14"));
  EXPECT_FALSE(spool_->append(step_, OutputStream::out, -1, "x", false).ok());
  EXPECT_FALSE(append(0, "0123", true).ended);  // the end of something shorter is none
  EXPECT_TRUE(append(13, "", true).ended);
  EXPECT_EQ(append(13, "late").bytes, 13);
  EXPECT_EQ(all().bytes, "0123456789abc");
}

TEST_F(OutputSpoolTest, KeepsHeadAndTailAndSaysWhatIsMissing) {
  append(0, std::string(90, 'a'));
  append(90, std::string(30, 'b'));
  EXPECT_EQ(all().bytes, std::string(90, 'a') + std::string(10, 'b'));
  EXPECT_EQ(append(120, std::string(1000, 'c')).bytes, 1120);
  append(1120, "last\n", true);
  EXPECT_EQ(all().bytes, std::string(90, 'a') + std::string(10, 'b') +
                             "\n[... 1005 bytes were left out ...]\n" + std::string(15, 'c') +
                             "last\n");
  EXPECT_EQ(spool_->note(step_, OutputStream::out), "1005 bytes were left out");
  EXPECT_EQ(spool_->state(step_, OutputStream::out).bytes, 1125);
  EXPECT_EQ(spool_->tail(step_, OutputStream::out, 1), std::string(15, 'c') + "last");
}

TEST_F(OutputSpoolTest, ALittleOverTheLimitIsKeptWhole) {
  append(0, std::string(100, 'a'));
  append(100, "0123456789", true);
  EXPECT_EQ(all().bytes, std::string(100, 'a') + "0123456789");
  EXPECT_EQ(spool_->note(step_, OutputStream::out), "");
}

TEST_F(OutputSpoolTest, WorkIsCutOffAndEnded) {
  const auto state = append(0, std::string(60, 'w'), false, OutputStream::work);
  EXPECT_TRUE(state.ended);
  EXPECT_EQ(all(OutputStream::work).bytes, std::string(50, 'w'));
  EXPECT_THAT(spool_->note(step_, OutputStream::work), HasSubstr("left out"));
}

TEST_F(OutputSpoolTest, GoesOnAfterARestart) {
  append(0, std::string(110, 'a'));
  append(0, "error", true, OutputStream::err);
  reopen();
  EXPECT_EQ(spool_->state(step_, OutputStream::out).bytes, 100);  // asked for again from there
  EXPECT_FALSE(spool_->state(step_, OutputStream::out).ended);
  EXPECT_TRUE(spool_->state(step_, OutputStream::err).ended);
  EXPECT_EQ(spool_->state(step_, OutputStream::err).bytes, 5);
  append(100, std::string(100, 'b'), true);
  EXPECT_THAT(all().bytes, HasSubstr("80 bytes were left out"));
}

TEST_F(OutputSpoolTest, CloseEndsWhatIsOpen) {
  append(0, "half a li");
  append(0, "all\n", true, OutputStream::err);
  spool_->close(step_);
  EXPECT_TRUE(all().ended);
  EXPECT_TRUE(all(OutputStream::work).ended);
  EXPECT_THAT(spool_->note(step_, OutputStream::out), HasSubstr("cut off"));
  EXPECT_EQ(spool_->note(step_, OutputStream::err), "");
  EXPECT_THAT(spool_->note(step_, OutputStream::work), HasSubstr("missing"));
  EXPECT_EQ(append(9, "ne\n").bytes, 9);
  reopen();
  EXPECT_TRUE(all().ended);
}

TEST_F(OutputSpoolTest, TailGivesTheLastLines) {
  append(0, "one\ntwo\nthree\n");
  EXPECT_EQ(spool_->tail(step_, OutputStream::out, 2), "two\nthree");
  EXPECT_EQ(spool_->tail(StepId{"s-2"}, OutputStream::out, 2), "");
}

TEST_F(OutputSpoolTest, AStepIdCannotLeaveTheDirectory) {
  EXPECT_EQ(spool_->append({"../up"}, OutputStream::out, 0, "x", false).error().kind,
            ErrorKind::invalid_argument);
  spool_->close({"../up"});
  EXPECT_FALSE(fs::exists(directory_.path() / "up"));
}

TEST_F(OutputSpoolTest, WakesThoseWhoFollow) {
  std::atomic<int> mine{0};
  std::atomic<int> others{0};
  auto subscription = spool_->subscribe(step_, [&] { ++mine; });
  const auto other = spool_->subscribe({"s-2"}, [&] { ++others; });
  append(0, "a");
  EXPECT_EQ(mine, 1);
  spool_->close(step_);
  EXPECT_EQ(mine, 2);
  subscription.reset();
  append(1, "b");
  EXPECT_EQ(mine, 2);
  EXPECT_EQ(others, 0);
}

// A reader that subscribes, reads, and waits for the wake misses nothing.
TEST_F(OutputSpoolTest, AFollowerOnAnotherThreadReadsAll) {
  std::string read;
  std::thread follower([&] {
    std::mutex mutex;
    std::condition_variable changed;
    bool woken = true;
    const auto subscription = spool_->subscribe(step_, [&] {
      const std::lock_guard lock(mutex);
      woken = true;
      changed.notify_one();
    });
    for (;;) {
      const auto part =
          spool_->read_at(step_, OutputStream::out, static_cast<std::int64_t>(read.size()), 7)
              .value();
      read += part.bytes;
      if (part.ended) return;
      if (!part.bytes.empty()) continue;
      std::unique_lock lock(mutex);
      ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return woken; }));
      woken = false;
    }
  });
  std::string written;
  for (int i = 0; i < 300; ++i) {
    const auto line = fmt::format("{}\n", i % 10);
    append(static_cast<std::int64_t>(written.size()), line);
    written += line;
    if (written.size() >= 98) break;
  }
  append(static_cast<std::int64_t>(written.size()), "", true);
  follower.join();
  EXPECT_EQ(read, written);
}

}  // namespace
}  // namespace bdaas
