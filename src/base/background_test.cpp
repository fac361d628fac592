#include "base/background.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace bdaas {
namespace {

// The exit code that the one who started it would take over.
template <class InBackground>
int started(InBackground in_background) {
  auto forked = go_to_background("background_test");
  if (!forked) return -1;
  if (auto* starter = std::get_if<Starter>(&*forked)) {
    in_background(*starter);
    ::_exit(0);
  }
  return std::get<int>(*forked);
}

TEST(Background, WhoStartedItIsReleasedOnceItIsReady) {
  // The one in the background lives for as long as this test holds the other end of the pipe.
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const auto code = started([&](Starter& starter) {
    write_end.reset();
    starter.tell_ok();
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(read_end.get(), &byte, 1);
  });
  EXPECT_EQ(code, 0);
}

TEST(Background, ItsExitCodeIsTakenOver) {
  EXPECT_EQ(started([](Starter&) { ::_exit(7); }), 7);
}

TEST(Background, ItsSignalIsToldAsAShellWould) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(started([](Starter&) { ::raise(SIGKILL); }), 128 + SIGKILL);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "background_test: ended by signal 9 before it was ready\n");
}

TEST(Background, TheCallersStreamsAreLeft) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd errors(ends[1]);
  const auto code = started([&](Starter& starter) {
    ::dup2(errors.get(), STDOUT_FILENO);
    leave_caller(errors);
    errors.reset();
    [[maybe_unused]] const auto wrote = ::write(STDERR_FILENO, "e", 1) + ::write(1, "o", 1);
    starter.tell_ok();
  });
  EXPECT_EQ(code, 0);
  errors.reset();
  std::string read(10, 0);
  read.resize(static_cast<std::size_t>(::read(read_end.get(), read.data(), read.size())));
  EXPECT_EQ(read, "e");
}

TEST(Background, NothingOfTheCallerIsHeldWithoutAPlaceForErrors) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd streams(ends[1]);
  // It lives on until it is told to end.
  int stop[2];
  ASSERT_EQ(::pipe2(stop, O_CLOEXEC), 0);
  const UniqueFd stop_read(stop[0]);
  UniqueFd stop_write(stop[1]);
  const auto code = started([&](Starter& starter) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(streams.get(), fd);
    streams.reset();
    stop_write.reset();
    leave_caller(UniqueFd());
    starter.tell_ok();
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(stop_read.get(), &byte, 1);
  });
  EXPECT_EQ(code, 0);
  streams.reset();
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0) << "nobody can write there any more";
}

}  // namespace
}  // namespace bdaas
