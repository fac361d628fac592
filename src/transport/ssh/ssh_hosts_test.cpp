// Programs on a machine, log-in and host keys, against a real sshd.

#include "transport/ssh/ssh_hosts.h"

#include <future>

#include "base/socket_pair.h"
#include "transport/ssh/ssh_test.h"

namespace bdaas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Steady = std::chrono::steady_clock;

class SshHostsTest : public SshTest {};

TEST_F(SshHostsTest, ArgvArrivesUnchanged) {
  const std::vector<std::string> words{"",
                                       "a b",
                                       "it's",
                                       "\"$HOME\" `id` $(id) \\",
                                       "line\nbreak\n",
                                       "äöü €😀",
                                       "-n",
                                       "*?[a]{b,c}",
                                       "~",
                                       "a=b;c|d&e<f>g",
                                       "\t\x01\xff",
                                       "''",
                                       "#none",
                                       "!history",
                                       "trailing space ",
                                       "\\"};
  RemoteCommand command{.argv = {"printf", "%s\\0"}};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  const auto done = run_there(command);
  ASSERT_TRUE(done.ok()) << done.error().message;
  std::string expected;
  for (const auto& word : words) expected += word + std::string(1, '\0');
  EXPECT_EQ(done->out, expected);
  EXPECT_EQ(done->exit_code, 0);
}

TEST_F(SshHostsTest, TellsExitCodesSignalsAndBothStreams) {
  const auto done = shell_there("echo out; echo err >&2; exit 42").value();
  EXPECT_EQ(done.exit_code, 42);
  EXPECT_EQ(done.out, "out\n");
  EXPECT_EQ(done.err, "err\n");
  EXPECT_EQ(shell_there("kill -9 $$").value().exit_code, 128 + SIGKILL);
  EXPECT_EQ(shell_there("kill -SEGV $$").value().exit_code, 128 + SIGSEGV);
  EXPECT_EQ(run_there({.argv = {"no-such-program"}}).value().exit_code, 127);
}

TEST_F(SshHostsTest, RefusesWhatCannotBeSaid) {
  EXPECT_EQ(run_there({.argv = {}}).error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(run_there({.argv = {"echo", std::string("a\0b", 3)}}).error().kind,
            ErrorKind::invalid_argument);
  auto login = sshd_->login();
  login.host.address = "a b";
  EXPECT_EQ(hosts_->run(login, {.argv = {"true"}}).error().kind, ErrorKind::invalid_argument);
  login = sshd_->login();
  login.host.port = 0;
  EXPECT_EQ(hosts_->run(login, {.argv = {"true"}}).error().kind, ErrorKind::invalid_argument);
}

TEST_F(SshHostsTest, StdinIsStreamedAndEnds) {
  EXPECT_EQ(run_there({.argv = {"cat"}}).value().out, "");
  EXPECT_EQ(run_there({.argv = {"cat"}, .input = "some\nlines"}).value().out, "some\nlines");
  const auto path = dir_.path() / "large";
  constexpr off_t kBytes = 50'000'000;
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::ftruncate(file.get(), kBytes), 0);
  const auto done = run_there({.argv = {"wc", "-c"}, .input_fd = file.get()});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->out, std::to_string(kBytes) + "\n");
}

TEST_F(SshHostsTest, AProgramNeedNotReadItsStdin) {
  const std::string large(20'000'000, 'x');
  EXPECT_EQ(run_there({.argv = {"true"}, .input = large}).value().exit_code, 0);
  EXPECT_EQ(run_there({.argv = {"head", "-c", "3"}, .input = large}).value().out, "xxx");
}

TEST_F(SshHostsTest, KeepsTheTailsOfLongOutput) {
  const auto done =
      run_there({.argv = {"sh", "-c", "seq 1000000; seq 300000 >&2"}, .keep_bytes = 1000});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->out.size(), 1000u);
  EXPECT_TRUE(done->out.ends_with("\n999999\n1000000\n"));
  EXPECT_TRUE(done->err.ends_with("\n299999\n300000\n"));
}

TEST_F(SshHostsTest, KeysMayBeExchangedAnewInTheMiddle) {
  sshd_ = std::make_unique<TestSshd>("RekeyLimit 4M");
  const std::string large(30'000'000, 'x');
  EXPECT_EQ(run_there({.argv = {"wc", "-c"}, .input = large}).value().out, "30000000\n");
  EXPECT_TRUE(shell_there("seq 3000000").value().out.ends_with("\n3000000\n"));
}

TEST_F(SshHostsTest, AChildThatKeepsStdoutOpenIsNotWaitedFor) {
  const auto before = Steady::now();
  const auto done = shell_there("sleep 30 & echo started");
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->out, "started\n");
  EXPECT_LT(Steady::now() - before, std::chrono::seconds(15));
}

TEST_F(SshHostsTest, StopsAProgramWhoseTimeIsOver) {
  const auto mark = dir_.path() / "stopped";
  const auto script =
      "trap 'touch " + mark.native() + "; exit' TERM; echo on; while :; do sleep 0.1; done";
  const auto before = Steady::now();
  const auto done = run_there({.argv = {"sh", "-c", script}, .timeout = Millis{1'000}});
  EXPECT_EQ(done.error().kind, ErrorKind::deadline_exceeded);
  EXPECT_THAT(done.error().message, HasSubstr("did not end within 1.0 s"));
  EXPECT_LT(Steady::now() - before, std::chrono::seconds(5));
  // It got the signal before another program was run on the same connection for so long.
  const auto seen = shell_there("for i in $(seq 100); do test -e " + mark.native() +
                                " && exit 0; sleep 0.1; done; exit 1");
  EXPECT_EQ(seen.value().exit_code, 0);
}

TEST_F(SshHostsTest, CancelIsNoticed) {
  std::atomic<bool> cancel = false;
  auto running = std::async(std::launch::async, [&] {
    return run_there({.argv = {"sh", "-c", "read line; sleep 20"}, .cancel = &cancel});
  });
  EXPECT_TRUE(shell_there("true").ok());
  cancel = true;
  ASSERT_EQ(running.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(running.get().error().kind, ErrorKind::cancelled);
}

TEST_F(SshHostsTest, ManyCallsShareOneConnection) {
  std::vector<std::future<Result<Completed>>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(std::async(std::launch::async, [this, i] {
      return shell_there(fmt::format("sleep 0.05; echo {}", i));
    }));
  }
  for (int i = 0; i < 50; ++i) {
    const auto done = calls[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(done->out, std::to_string(i) + "\n");
  }
  EXPECT_EQ(sshd_->accepted(), 1);
}

TEST_F(SshHostsTest, ManyConnectionsShareOneLoop) {
  constexpr int kLogins = 20;
  std::vector<std::future<Result<Completed>>> calls;
  for (int i = 0; i < kLogins; ++i) {
    auto login = sshd_->login();  // the comment makes it another one
    login.host.host_key = fmt::format("{} number-{}", sshd_->public_key("host_key"), i);
    calls.push_back(std::async(std::launch::async, [this, login, i] {
      return hosts_->run(login, {.argv = {"cat"}, .input = std::string(1'000'000, 'a' + i)});
    }));
  }
  for (int i = 0; i < kLogins; ++i) {
    const auto done = calls[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(done->out, std::string(1'000'000, 'a' + i));
  }
  EXPECT_EQ(sshd_->accepted(), kLogins);
}

TEST_F(SshHostsTest, WaitsWhereTheServerAllowsFewerPrograms) {
  sshd_ = std::make_unique<TestSshd>("MaxSessions 2");
  std::vector<std::future<Result<Completed>>> calls;
  for (int i = 0; i < 12; ++i) {
    calls.push_back(std::async(std::launch::async, [this] { return shell_there("sleep 0.05"); }));
  }
  for (auto& call : calls) {
    const auto done = call.get();
    EXPECT_TRUE(done.ok()) << done.error().message;
  }
  EXPECT_EQ(sshd_->accepted(), 1);
}

TEST_F(SshHostsTest, SaysWhereNoProgramsMayBeRun) {
  sshd_ = std::make_unique<TestSshd>("MaxSessions 0");
  const auto done = shell_there("true");
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("no programs"));
}

TEST_F(SshHostsTest, ABrokenConnectionIsToldAndMadeAgain) {
  ASSERT_TRUE(shell_there("true").ok());
  auto running = std::async(std::launch::async, [&] { return shell_there("exec sleep 20"); });
  const auto stream = hosts_->open(sshd_->login(), {"cat"}).value();
  block(stream);
  write_all(stream, "x");
  ASSERT_EQ(read_some(stream, 1), "x");  // the other call has been sent, too
  sshd_->kill_connections();
  const auto done = running.get();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable) << done.error().message;
  EXPECT_THAT(done.error().message, HasSubstr(fmt::format("@127.0.0.1:{}: ", sshd_->port())));
  EXPECT_EQ(read_to_end(stream), "");
  EXPECT_TRUE(shell_there("true").ok());
  EXPECT_EQ(sshd_->accepted(), 2);
}

TEST_F(SshHostsTest, AnIdleConnectionIsClosed) {
  auto quick = options();
  quick.idle_timeout = Millis{100};
  start(quick);
  ASSERT_TRUE(shell_there("true").ok());
  EXPECT_TRUE(sshd_->first_connection_ends());
  ASSERT_TRUE(shell_there("true").ok());
  EXPECT_EQ(sshd_->accepted(), 2);
}

TEST_F(SshHostsTest, ASilentPeerIsGivenUp) {
  UniqueFd silent;
  TestListener listener([&](UniqueFd fd) { silent = std::move(fd); });
  auto quick = options();
  quick.connect_timeout = Millis{500};
  start(quick);
  auto login = sshd_->login();
  login.host.port = listener.port();
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("no login within 0.5 s"));
  const auto late = hosts_->run(login, {.argv = {"true"}, .timeout = Millis{100}});
  EXPECT_EQ(late.error().kind, ErrorKind::deadline_exceeded);
  const std::atomic<bool> cancel = true;
  const auto cancelled = hosts_->run(login, {.argv = {"true"}, .cancel = &cancel});
  EXPECT_EQ(cancelled.error().kind, ErrorKind::cancelled);
  const auto port =
      hosts_->dial(login, make_socket_pair().value().theirs, "127.0.0.1", 1, Millis{100});
  EXPECT_EQ(port.error().kind, ErrorKind::deadline_exceeded);
}

TEST_F(SshHostsTest, AStoppedServerIsNoticedBySilence) {
  auto quick = options();
  quick.silence_max = Millis{1'500};
  start(quick);
  ASSERT_TRUE(shell_there("true").ok());
  const auto done = shell_there("kill -STOP $PPID; sleep 5");
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("nothing was heard"));
}

TEST_F(SshHostsTest, NobodyListens) {
  auto login = sshd_->login();
  {
    const TestListener gone([](UniqueFd) {});
    login.host.port = gone.port();
  }
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("refused"));
  login.host.address = "no-such-name.invalid";
  EXPECT_EQ(hosts_->run(login, {.argv = {"true"}}).error().kind, ErrorKind::unavailable);
}

TEST_F(SshHostsTest, NamesAreLookedUp) {
  auto login = sshd_->login();
  login.host.address = "localhost";
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(SshHostsTest, AWrongKeyIsUnauthenticated) {
  sshd_->make_key("other_key");
  auto login = sshd_->login();
  login.key_file = sshd_->path("other_key");
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_EQ(done.error().kind, ErrorKind::unauthenticated);
  EXPECT_THAT(done.error().message,
              AllOf(HasSubstr("permission denied (publickey)"), HasSubstr(login.key_file),
                    HasSubstr("authorized_keys of ")));
  login.key_file.clear();
  EXPECT_EQ(hosts_->run(login, {.argv = {"true"}}).error().kind, ErrorKind::unauthenticated);
  login.key_file = sshd_->path("absent");
  EXPECT_EQ(hosts_->run(login, {.argv = {"true"}}).error().kind, ErrorKind::invalid_argument);
}

TEST_F(SshHostsTest, TooManyWrongKeysAreUnauthenticated) {
  for (const auto* type : {"ed25519", "ecdsa", "rsa"}) {
    sshd_->make_key(std::string("id_") + type, type);
  }
  sshd_->also_set("MaxAuthTries 1");
  auto with_keys = options();
  with_keys.ssh_dir = sshd_->path("");
  start(with_keys);
  auto login = sshd_->login();
  login.key_file.clear();
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_EQ(done.error().kind, ErrorKind::unauthenticated);
  EXPECT_THAT(done.error().message, HasSubstr("Too many authentication failures"));
}

TEST_F(SshHostsTest, TriesTheUsualKeysInTurn) {
  sshd_->make_key("id_ed25519");
  sshd_->make_key("id_rsa", "rsa");
  sshd_->authorize("id_rsa");
  auto with_keys = options();
  with_keys.ssh_dir = sshd_->path("");
  start(with_keys);
  auto login = sshd_->login();
  login.key_file.clear();
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_TRUE(done.ok()) << done.error().message;
}

TEST_F(SshHostsTest, AsksSshAgent) {
  if (!find_program("ssh-agent")) GTEST_SKIP() << "ssh-agent is not installed";
  const auto socket = dir_.path() / "agent";
  std::promise<pid_t> started;
  std::atomic<bool> stop = false;
  auto agent = std::async(std::launch::async, [&] {
    return run({.argv = {"ssh-agent", "-d", "-a", socket},
                .cancel = &stop,
                .on_line = [](std::string_view) {},
                .on_start = [&](pid_t pid) { started.set_value(pid); }});
  });
  started.get_future().wait();
  Command add{.argv = {"ssh-add", "-q", sshd_->path("user_key")},
              .env = {{"SSH_AUTH_SOCK", socket}}};
  const auto deadline = Steady::now() + std::chrono::seconds(10);
  while (!run_checked(add) && Steady::now() < deadline) {  // until it listens
  }
  auto with_agent = options();
  with_agent.agent_socket = socket;
  start(with_agent);
  auto login = sshd_->login();
  login.key_file.clear();
  const auto done = hosts_->run(login, {.argv = {"true"}});
  EXPECT_TRUE(done.ok()) << done.error().message;
  stop = true;
  (void)agent.get();
}

TEST_F(SshHostsTest, PinsTheFirstHostKeyAndRefusesAnother) {
  const auto mark = dir_.path() / "ran";
  ASSERT_TRUE(shell_there("true").ok());
  EXPECT_EQ(read_file(dir_.path() / "known_hosts").value(),
            fmt::format("[127.0.0.1]:{} {}\n", sshd_->port(), sshd_->public_key("host_key")));
  sshd_->use_host_key("second_host_key");
  start();
  const auto done = shell_there("touch " + mark.native());
  EXPECT_EQ(done.error().kind, ErrorKind::permission_denied);
  for (const auto* name : {"host_key", "second_host_key"}) {
    const auto key = parse_host_key(sshd_->public_key(name)).value();
    EXPECT_THAT(done.error().message, HasSubstr(key.fingerprint()));
  }
  EXPECT_THAT(done.error().message, HasSubstr("remove line 1 of"));
  EXPECT_FALSE(fs::exists(mark));
  sshd_->use_host_key("host_key");
  EXPECT_TRUE(shell_there("true").ok());
}

TEST_F(SshHostsTest, AGivenHostKeyMustBeShown) {
  sshd_->make_key("second_host_key", "ecdsa");
  auto login = sshd_->login();
  const auto key = parse_host_key(sshd_->public_key("host_key")).value();
  for (const auto& given : {key.type + " " + key.base64 + " comment", key.fingerprint()}) {
    login.host.host_key = given;
    const auto done = hosts_->run(login, {.argv = {"true"}});
    EXPECT_TRUE(done.ok()) << done.error().message;
  }
  const auto other = parse_host_key(sshd_->public_key("second_host_key")).value();
  for (const auto& given : {other.type + " " + other.base64, other.fingerprint()}) {
    login.host.host_key = given;
    EXPECT_EQ(hosts_->run(login, {.argv = {"true"}}).error().kind, ErrorKind::permission_denied);
  }
  EXPECT_EQ(read_file(dir_.path() / "known_hosts").value(),
            fmt::format("[127.0.0.1]:{} {} {}\n", sshd_->port(), key.type, key.base64))
      << "the key of the fingerprint, for others";
}

TEST_F(SshHostsTest, OfSeveralHostKeysTheKnownOneIsAskedFor) {
  sshd_->make_key("ecdsa_host_key", "ecdsa");
  sshd_->also_set("HostKey " + sshd_->path("ecdsa_host_key").native());
  auto login = sshd_->login();
  for (const auto* name : {"host_key", "ecdsa_host_key"}) {
    login.host.host_key = sshd_->public_key(name);
    const auto done = hosts_->run(login, {.argv = {"true"}});
    EXPECT_TRUE(done.ok()) << done.error().message;
  }
  login.host.host_key.clear();
  ASSERT_TRUE(
      write_file(dir_.path() / "known_hosts", fmt::format("[127.0.0.1]:{} {}\n", sshd_->port(),
                                                          sshd_->public_key("ecdsa_host_key")))
          .ok());
  EXPECT_TRUE(hosts_->run(login, {.argv = {"true"}}).ok());
}

TEST_F(SshHostsTest, CallsUnderWayEndWithIt) {
  ASSERT_TRUE(shell_there("true").ok());
  auto running = std::async(std::launch::async, [hosts = hosts_.get(), login = sshd_->login()] {
    return hosts->run(login, {.argv = {"sleep", "20"}});
  });
  const auto stream = hosts_->open(sshd_->login(), {"cat"}).value();
  block(stream);
  write_all(stream, "x");
  ASSERT_EQ(read_some(stream, 1), "x");
  hosts_.reset();
  ASSERT_EQ(running.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(running.get().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(read_to_end(stream), "");
}

}  // namespace
}  // namespace bdaas
