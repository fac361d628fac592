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

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;  // the tests fail then
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  // Until nobody can write any more.
  std::string rest() {
    write_end.reset();
    std::string text;
    char byte = 0;
    while (::read(read_end.get(), &byte, 1) == 1) text += byte;
    return text;
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

TEST(Background, WhoStartedItIsReleasedOnceItIsReady) {
  Pipe life;  // it lives for as long as this test holds the other end
  const auto code = started([&](Starter& starter) {
    starter.tell_ok();
    life.rest();
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
  Pipe errors;
  const auto code = started([&](Starter& starter) {
    ::dup2(errors.write_end.get(), STDOUT_FILENO);
    leave_caller(errors.write_end);
    errors.write_end.reset();
    [[maybe_unused]] const auto wrote = ::write(STDERR_FILENO, "e", 1) + ::write(1, "o", 1);
    starter.tell_ok();
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(errors.rest(), "e");
}

TEST(Background, NothingOfTheCallerIsHeldWithoutAPlaceForErrors) {
  Pipe streams;
  Pipe life;
  const auto code = started([&](Starter& starter) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::dup2(streams.write_end.get(), fd);
    }
    streams.write_end.reset();
    leave_caller(UniqueFd());
    starter.tell_ok();
    life.rest();
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(streams.rest(), "") << "and it has an end, though the other one lives on";
}

}  // namespace
}  // namespace bdaas
