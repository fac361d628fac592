#include "base/background.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {

template <class Call>
auto again_when_interrupted(Call call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

// The parent's half. A child that ends closes its side of the pipe, whatever ends it.
Result<int> await_word(const UniqueFd& word, pid_t child, std::string_view program) {
  char byte = 0;
  if (again_when_interrupted([&] { return ::read(word.get(), &byte, 1); }) == 1) return 0;
  int status = 0;
  if (again_when_interrupted([&] { return ::waitpid(child, &status, 0); }) != child) {
    return os_error(errno, "cannot tell how the process in the background ended");
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  fmt::print(stderr, "{}: ended by signal {} before it was ready\n", program, WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

}  // namespace

void Starter::tell_ok() {
  // Nobody may wait any more; then it does not matter.
  [[maybe_unused]] const auto told = ::write(word_.get(), "+", 1);
  word_.reset();
}

Result<Forked> go_to_background(std::string_view program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error(errno, "cannot make a pipe");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return os_error(errno, "cannot fork");
  if (child > 0) {
    write_end.reset();
    BDAAS_ASSIGN(const int code, await_word(read_end, child, program));
    return Forked(code);
  }
  ::setsid();
  return Forked(Starter(std::move(write_end)));
}

void leave_caller(const UniqueFd& errors) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(fd == STDERR_FILENO && errors.valid() ? errors.get() : null.get(), fd);
  }
}

}  // namespace bdaas
