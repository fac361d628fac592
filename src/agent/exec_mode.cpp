#include "agent/exec_mode.h"

#include <fcntl.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "agent/left_files.h"
#include "agent/output_keeper.h"
#include "agent/step_files.h"
#include "agent/wait_set.h"
#include "base/os_error.h"
#include "model/exec_spec.h"

extern char** environ;

namespace bdaas {

namespace {

constexpr int kCannotRun = 126;
constexpr int kRestReadsMax = 1024;

// The read end of a pipe and the file that what comes through it is kept in.
struct KeptStream {
  UniqueFd pipe;
  OutputKeeper keeper;

  // False: nothing is there now.
  bool read_some() {
    if (!pipe.valid()) return false;
    std::array<char, 64 * 1024> buffer;
    const ssize_t got = ::read(pipe.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      pipe.reset();
      return false;
    }
    keeper.take({buffer.data(), static_cast<std::size_t>(got)});
    return true;
  }
};

struct Piped {
  KeptStream stream;
  UniqueFd write_end;
};

Result<Piped> open_stream(const fs::path& path, std::int64_t limit_bytes) {
  BDAAS_ASSIGN(auto keeper, OutputKeeper::open(path, limit_bytes));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error(errno, "cannot make a pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Piped{{UniqueFd(ends[0]), std::move(keeper)}, UniqueFd(ends[1])};
}

struct Places {
  fs::path cwd;
  fs::path node;
  fs::path output;
};

Result<ExecSpec> read_spec(const std::string& file) {
  BDAAS_ASSIGN(const auto text, read_file(file));
  BDAAS_ASSIGN(const auto value, parse_json(text).context(file));
  return from_json<ExecSpec>(value).context(file);
}

Result<Places> find_places(const ExecSpec& spec) {
  const char* node = ::getenv(std::string(kNodeDirVariable).c_str());
  if (node == nullptr || *node != '/') {
    return fail(ErrorKind::failed_precondition,
                "the environment variable {} does not name the node's directory; let the daemon "
                "that starts containers hand it on",
                kNodeDirVariable);
  }
  std::error_code error;
  Places places{fs::current_path(error), node, {}};
  if (error) return os_error(error.value(), "cannot tell the current directory");
  BDAAS_ASSIGN(places.output, join_below(places.node, spec.output_dir));
  return places;
}

Result<> write_inputs(const ExecSpec& spec, const Places& places) {
  for (const auto& file : spec.files) {
    BDAAS_ASSIGN(const auto path, join_below(places.cwd, file.path));
    BDAAS_TRY(make_directory(path.parent_path()));
    BDAAS_TRY(write_file(path, file.content, static_cast<mode_t>(file.mode & 07777)));
  }
  return {};
}

// The number of this attempt; what an earlier one left is no longer an end.
Result<std::int64_t> begin_attempt(const Places& places) {
  BDAAS_TRY(make_directory(places.output / "work"));
  std::int64_t attempt = 1;
  if (const auto text = read_file(places.output / "started", 4096)) {
    BDAAS_ASSIGN(const auto value, parse_json(*text));
    BDAAS_ASSIGN(const auto earlier, from_json<StepStarted>(value));
    attempt = earlier.attempt + 1;
  }
  BDAAS_TRY(remove_tree(places.output / "exit"));
  BDAAS_TRY(remove_tree(places.output / "work.tar"));
  return attempt;
}

SpawnSpec spawn_spec(const ExecSpec& spec, const Places& places) {
  SpawnSpec spawn;
  spawn.own_session = false;  // stopped together with the container
  for (const auto& word : spec.argv) {
    spawn.argv.push_back(with_places(word, places.cwd.native(), places.node.native()));
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != text.npos) spawn.env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto& [name, value] : spec.env) {
    spawn.env[name] = with_places(value, places.cwd.native(), places.node.native());
  }
  spawn.env[std::string(kStepVariable)] = spec.step.text;
  return spawn;
}

// SIGTERM and its like as a descriptor, so that they are handed on between two reads and never
// lost.
UniqueFd catch_signals() {
  sigset_t caught;
  sigemptyset(&caught);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&caught, number);
  ::sigprocmask(SIG_BLOCK, &caught, nullptr);
  return UniqueFd(::signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC));
}

struct Ended {
  int code = kCannotRun;
  bool told_to_stop = false;
};

Ended await_end(Process& program, KeptStream& out, KeptStream& err, const UniqueFd& signals) {
  Ended ended;
  for (;;) {
    signalfd_siginfo signal{};
    while (::read(signals.get(), &signal, sizeof signal) == sizeof signal) {
      // that one only asks a JVM for its threads
      ended.told_to_stop |= signal.ssi_signo != SIGQUIT;
      program.signal(static_cast<int>(signal.ssi_signo));
    }
    const auto exit = program.ended();  // asked first: what it wrote is in the pipes then
    bool more = out.read_some();
    more |= err.read_some();
    if (exit) {
      for (int reads = 0; reads < kRestReadsMax && (out.read_some() || err.read_some()); ++reads) {
      }
      ended.code = exit->code.value_or(kCannotRun);
      return ended;
    }
    if (more) continue;
    WaitSet wait;
    wait.on_readable(signals.get());
    wait.on_readable(program.fd());
    if (out.pipe.valid()) wait.on_readable(out.pipe.get());
    if (err.pipe.valid()) wait.on_readable(err.pipe.get());
    wait.wait();
  }
}

// Disk space for what is written when the program has ended: the end of what it printed, and how it
// ended. A program that has filled the disk could not say so otherwise. Invalid where the file
// system cannot hold any; then it is as it is.
UniqueFd hold_space(const fs::path& directory) {
  constexpr off_t kBytes = 2 * kOutputTailBytes + (64 << 10);
  UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (fd.valid() && ::fallocate(fd.get(), 0, 0, kBytes) != 0) fd.reset();
  return fd;
}

Result<> write_record(const fs::path& path, const auto& record) {
  return write_file(path, write_json(to_json(record)));
}

Result<int> run_program(const ExecSpec& spec, const Places& places, const UniqueFd& signals) {
  BDAAS_TRY(write_inputs(spec, places));
  BDAAS_ASSIGN(const auto attempt, begin_attempt(places));
  BDAAS_ASSIGN(auto out, open_stream(places.output / "stdout", spec.stdout_limit_bytes));
  BDAAS_ASSIGN(auto err, open_stream(places.output / "stderr", spec.stderr_limit_bytes));
  if (attempt > 1) err.stream.keeper.take(fmt::format("\n… attempt {} …\n", attempt));
  BDAAS_ASSIGN(const auto before, names_in(places.cwd));
  UniqueFd space = hold_space(places.output);
  auto spawn = spawn_spec(spec, places);
  spawn.out = out.write_end.get();
  spawn.err = err.write_end.get();
  BDAAS_ASSIGN(auto held, HeldProcess::fork(spawn));
  out.write_end.reset();
  err.write_end.reset();
  const auto self = identify(::getpid());
  BDAAS_TRY(write_record(places.output / "started",
                         StepStarted{attempt, self.value_or(ProcessId{}), held.id().pid}));
  auto program = std::move(held).release();
  Ended ended;
  if (program) {
    ended = await_end(*program, out.stream, err.stream, signals);
  } else {
    err.stream.keeper.take(fmt::format("'{}': {}\n", spawn.argv.front(), program.error().message));
  }
  if (!ended.told_to_stop) {  // who is being stopped has no time for it
    const auto kept = keep_left_files(places.cwd, before, spec.ignore, places.output / "work",
                                      places.output / "work.tar");
    if (!kept) err.stream.keeper.take(fmt::format("\n… {} …\n", kept.error().message));
  }
  space.reset();
  out.stream.keeper.finish();
  err.stream.keeper.finish();
  BDAAS_TRY(write_record(places.output / "exit", StepExit{attempt, ended.code}));
  return ended.code;
}

}  // namespace

std::string with_places(std::string_view text, std::string_view cwd, std::string_view dir) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("{cwd}")) {
      out += cwd;
      text.remove_prefix(5);
    } else if (text.starts_with("{dir}")) {
      out += dir;
      text.remove_prefix(5);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

int run_exec_mode(const std::string& spec_file) {
  const UniqueFd signals = catch_signals();
  const auto code = [&]() -> Result<int> {
    BDAAS_ASSIGN(const auto spec, read_spec(spec_file));
    BDAAS_ASSIGN(const auto places, find_places(spec));
    return run_program(spec, places, signals);
  }();
  if (code) return *code;
  fmt::print(stderr, "bdaas-agent exec: {}\n", code.error().message);
  return kCannotRun;
}

}  // namespace bdaas
