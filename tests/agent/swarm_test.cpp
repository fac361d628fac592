// Real agents bring packages to directories of this computer, each on a loopback address of its
// own: from one another, from a manager's loop, and from a hand that lies.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <thread>

#include "base/digest.h"
#include "base/socket_pair.h"
#include "base/temp_dir.h"
#include "model/host_messages.h"
#include "transport/swarm/package_manifests.h"
#include "transport/swarm/swarm_loop.h"

extern char** environ;

namespace bdaas {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kSecret(kSwarmSecretBytes, 's');
constexpr int kWaitMillis = 30'000;

std::string noise(std::size_t bytes, unsigned seed) {
  std::string text(bytes, '\0');
  for (auto& c : text) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return text;
}

// `bdaas-agent receive` on one directory; ends with the object.
class Receiver {
 public:
  explicit Receiver(std::vector<std::string> argv = {AGENT_BINARY, "receive"}) {
    auto pair = make_socket_pair().value();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair.theirs.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair.theirs.get(), STDOUT_FILENO);
    std::vector<char*> words;
    for (auto& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    if (::posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ) != 0) abort();
    posix_spawn_file_actions_destroy(&actions);
    stream_ = std::move(pair.ours);
  }
  ~Receiver() {
    stream_.reset();
    if (pid_ > 0) (void)exit_code();
  }
  Receiver(Receiver&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), stream_(std::move(other.stream_)) {}

  UniqueFd take_stream() { return std::move(stream_); }
  void hang_up() { stream_.reset(); }
  void kill() { ::kill(pid_, SIGKILL); }
  int exit_code() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  void say(const SwarmOrder& order) { send(write_message(order)); }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      pollfd fd{stream_.get(), POLLOUT, 0};
      ASSERT_EQ(::poll(&fd, 1, kWaitMillis), 1);
      const ssize_t sent = ::send(stream_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void seed(int chunk, std::string_view bytes) {
    say(SeedPiece{chunk, static_cast<std::int64_t>(bytes.size())});
    send(bytes);
  }

  // The next report of that kind; what is said between is passed over.
  template <class Report>
  Report await() {
    for (;;) {
      while (const auto line = lines_.next()) {
        auto report = read_message<SwarmReport>(*line).value();
        if (auto* found = std::get_if<Report>(&report)) return std::move(*found);
      }
      pollfd fd{stream_.get(), POLLIN, 0};
      char buffer[4096];
      const ssize_t got =
          ::poll(&fd, 1, kWaitMillis) == 1 ? ::recv(stream_.get(), buffer, sizeof buffer, 0) : 0;
      if (got <= 0) {
        ADD_FAILURE() << "no " << Report::type << " came";
        return {};
      }
      EXPECT_TRUE(lines_.append({buffer, static_cast<std::size_t>(got)}).ok());
    }
  }

 private:
  pid_t pid_ = 0;
  UniqueFd stream_;
  LineBuffer lines_{1u << 20};
};

class SwarmTest : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    add_file("engine", "bin/tool", noise(3 * kChunkBytes + 17, 1), 0755);
    add_file("engine", "empty", "", 0644);
    add_file("engine", "lib/a.jar", noise(kChunkBytes / 2, 2), 0644);
    add_file("python", "x.py", noise(999, 3), 0600);
  }

  void add_file(const std::string& package, const std::string& name, const std::string& content,
                mode_t mode) {
    const auto path = packages() / package / name;
    ASSERT_TRUE(make_directory(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, content, mode).ok());
  }

  fs::path packages() const { return dir_.path() / "packages"; }
  std::string base(int host) const { return dir_.path() / fmt::format("host{}", host); }
  fs::path kept(int host, const std::string& package) const {
    return fs::path(HostLayout{base(host)}.packages()) / package;
  }
  static std::string address(int host) { return fmt::format("127.77.0.{}", host); }

  std::vector<PackageManifest> manifests() {
    const std::atomic<bool> cancel = false;
    PackageManifests all(packages());
    return {all.manifest_of("engine", cancel).value(), all.manifest_of("python", cancel).value()};
  }
  ChunkMap map() { return ChunkMap::make(manifests()).value(); }
  std::string content(int chunk) {
    std::string bytes;
    const auto all = map();
    for (const auto& piece : all.pieces(chunk, 0, all.bytes_of(chunk))) {
      const auto& package = all.packages()[piece.package].name;
      bytes +=
          read_file(packages() / package / piece.file->path)
              .value()
              .substr(static_cast<std::size_t>(piece.at), static_cast<std::size_t>(piece.bytes));
    }
    return bytes;
  }
  JoinSwarm invitation(int host) {
    return {
        .base = base(host), .address = address(host), .secret = kSecret, .packages = manifests()};
  }

  void expect_same(int host) const {
    for (const auto* name :
         {"engine/bin/tool", "engine/empty", "engine/lib/a.jar", "python/x.py"}) {
      const auto here = packages() / name;
      const auto there = fs::path(HostLayout{base(host)}.packages()) / name;
      EXPECT_EQ(sha256_of_file(there).value_or("absent"), sha256_of_file(here).value()) << there;
      EXPECT_EQ(fs::status(there).permissions(), fs::status(here).permissions()) << there;
      const auto later = fs::last_write_time(here) - fs::last_write_time(there);
      EXPECT_LT(later, Millis(1)) << "as exact as it is told";
      EXPECT_GE(later, Millis(0));
    }
  }
  void expect_nothing_kept(int host) const {
    EXPECT_FALSE(fs::exists(kept(host, "engine")));
    EXPECT_FALSE(fs::exists(kept(host, "python")));
  }

  TempDir dir_ = TempDir::make().value();
};

// A peer that takes one connection and answers with what it was given, whatever is asked.
class LyingPeer {
 public:
  LyingPeer(const std::string& address, std::string answer)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    ::inet_pton(AF_INET, address.c_str(), &name.sin_addr);
    socklen_t size = sizeof name;
    auto* any = reinterpret_cast<sockaddr*>(&name);
    if (::bind(fd_.get(), any, size) != 0 || ::listen(fd_.get(), 4) != 0) abort();
    ::getsockname(fd_.get(), any, &size);
    name_ = fmt::format("{}:{}", address, ntohs(name.sin_port));
    thread_ = std::thread([this, answer = std::move(answer)] {
      const UniqueFd guest(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char buffer[256];
      const ssize_t got =
          ::recv(guest.get(), buffer, kSwarmSecretBytes + kChunkRequestBytes, MSG_WAITALL);
      if (got > 0) said_.assign(buffer, static_cast<std::size_t>(got));
      (void)::send(guest.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      ::shutdown(guest.get(), SHUT_WR);
      while (::recv(guest.get(), buffer, sizeof buffer, 0) > 0) {
      }
    });
  }
  ~LyingPeer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  const std::string& name() const { return name_; }
  std::string said() {
    thread_.join();
    return said_;
  }

 private:
  UniqueFd fd_;
  std::string name_;
  std::string said_;
  std::thread thread_;
};

TEST_F(SwarmTest, AMachineGetsWhatTheManagerSeedsAndKeepsItWhole) {
  Receiver one;
  one.say(invitation(1));
  EXPECT_THAT(one.await<Joined>().have, IsEmpty());
  for (int chunk = 0; chunk < map().count(); ++chunk) {
    expect_nothing_kept(1);
    one.seed(chunk, content(chunk));
    EXPECT_EQ(one.await<HaveChunk>().chunk, chunk);
    if (chunk + 2 >= map().count()) break;
  }
  const int last = map().count() - 1;
  one.seed(last, content(last));
  one.await<PackagesKept>();
  one.hang_up();
  EXPECT_EQ(one.exit_code(), 0);
  expect_same(1);
}

TEST_F(SwarmTest, AWrongChunkOfAPeerIsToldAndNeverCounts) {
  Receiver one;
  one.say(invitation(1));
  one.await<Joined>();
  LyingPeer liar(address(9), noise(kChunkBytes, 99));
  one.say(FetchChunk{1, liar.name()});
  const auto missed = one.await<MissedChunk>();
  EXPECT_EQ(missed.chunk, 1);
  EXPECT_EQ(missed.from, liar.name());
  EXPECT_THAT(missed.why, HasSubstr("wrong"));
  EXPECT_EQ(liar.said(), kSecret + write_chunk_request(1));
  one.seed(1, noise(kChunkBytes, 98));
  EXPECT_EQ(one.await<MissedChunk>().from, "") << "the manager is believed no more than others";
  for (int chunk = 0; chunk < map().count(); ++chunk) one.seed(chunk, content(chunk));
  one.await<PackagesKept>();
  expect_same(1);
}

TEST_F(SwarmTest, APeerThatIsDeadOrEndsInTheMiddleIsTold) {
  Receiver one;
  one.say(invitation(1));
  one.await<Joined>();
  one.say(FetchChunk{0, address(8) + ":9"});
  EXPECT_EQ(one.await<MissedChunk>().from, address(8) + ":9");
  LyingPeer short_one(address(9), "only this");
  one.say(FetchChunk{0, short_one.name()});
  one.say(FetchChunk{2, short_one.name()});
  EXPECT_EQ(one.await<MissedChunk>().chunk, 0);
  EXPECT_EQ(one.await<MissedChunk>().chunk, 2) << "what was to come behind it";
}

TEST_F(SwarmTest, OnlyWhoKnowsTheSecretGetsAnything) {
  Receiver one;
  one.say(invitation(1));
  const auto port = one.await<Joined>().port;
  one.seed(0, content(0));
  one.await<HaveChunk>();
  const auto ask = [&](const std::string& said) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address(1).c_str(), &name.sin_addr);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    (void)::send(fd.get(), said.data(), said.size(), MSG_NOSIGNAL);
    std::string got(static_cast<std::size_t>(kChunkBytes), '\0');
    const ssize_t bytes = ::recv(fd.get(), got.data(), got.size(), MSG_WAITALL);
    return got.substr(0, static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)));
  };
  EXPECT_EQ(ask(kSecret + write_chunk_request(0)), content(0));
  EXPECT_EQ(ask(std::string(kSwarmSecretBytes, 'x') + write_chunk_request(0)), "");
  EXPECT_EQ(ask(kSecret + write_chunk_request(1)), "") << "it is not there yet";
  EXPECT_EQ(ask(kSecret + "\xff\xff\xff\xff"), "");
}

TEST_F(SwarmTest, WhatCameBeforeAKillIsNotBroughtAgain) {
  {
    Receiver one;
    one.say(invitation(1));
    one.await<Joined>();
    one.seed(0, content(0));
    one.await<HaveChunk>();
    one.say(SeedPiece{1, kChunkBytes / 2});
    one.send(content(1).substr(0, kChunkBytes / 4));
    one.kill();
    EXPECT_EQ(one.exit_code(), 128 + SIGKILL);
  }
  expect_nothing_kept(1);
  Receiver again;
  again.say(invitation(1));
  EXPECT_THAT(again.await<Joined>().have, testing::ElementsAre(0, 1));
  for (int chunk = 1; chunk < map().count(); ++chunk) again.seed(chunk, content(chunk));
  again.await<PackagesKept>();
  expect_same(1);
}

TEST_F(SwarmTest, TheEndOfTheManagerLeavesNothingThatCountsAsWhole) {
  Receiver one;
  one.say(invitation(1));
  one.await<Joined>();
  one.hang_up();
  EXPECT_EQ(one.exit_code(), kHostRefuses);
  expect_nothing_kept(1);
}

TEST_F(SwarmTest, AFullDiskIsOneSentenceAndLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounts a small disk";
  ASSERT_TRUE(make_directory(base(1)).ok());
  constexpr auto kMount = R"sh(mount -t tmpfs -o size=2m tmpfs "$1" && "$2" receive; c=$?;
    ls -A "$1/packages" >&2; exit $c)sh";
  Receiver one({"unshare", "--mount", "sh", "-c", kMount, "sh", base(1), AGENT_BINARY});
  one.say(invitation(1));
  const auto refusal = one.await<SwarmRefusal>();
  EXPECT_EQ(refusal.kind, ErrorKind::resource_exhausted);
  EXPECT_THAT(refusal.message, HasSubstr("No space left"));
  EXPECT_THAT(refusal.message, HasSubstr("package engine of 3 MiB"));
  EXPECT_EQ(one.exit_code(), kHostRefuses);
}

// ---- with the manager's loop ----

class SwarmLoopTest : public SwarmTest {
 protected:
  std::unique_ptr<SwarmLoop> make_loop() {
    return std::make_unique<SwarmLoop>(
        [this](const Machine& machine) -> Result<UniqueFd> {
          receivers_.erase(machine.address);
          return receivers_.try_emplace(machine.address).first->second.take_stream();
        },
        packages(), entropy_);
  }
  Delivery delivery(int host, std::vector<int> others = {}) const {
    Delivery result{
        .cluster = {"c-1"}, .machine = machine(host), .others = {}, .names = {"engine", "python"}};
    for (const int other : others) result.others.push_back(machine(other));
    return result;
  }
  Machine machine(int host) const {
    Machine result;
    result.address = address(host);
    result.dir = base(host) + "/machines/l-1";
    return result;
  }
  static Result<> await(const SwarmLoop::Ticket& ticket) {
    auto given = ticket->wait_until(std::chrono::steady_clock::now() + Millis(60'000));
    return given ? *std::move(given) : Result<>(fail(ErrorKind::deadline_exceeded, "no end"));
  }

  SystemEntropy entropy_;
  std::map<std::string, Receiver> receivers_;
};

TEST_F(SwarmLoopTest, EveryMachineOfAClusterGetsEverything) {
  add_file("engine", "large", noise(40 * kChunkBytes, 4), 0644);
  const auto loop = make_loop();
  std::vector<SwarmLoop::Ticket> tickets;
  for (int host = 1; host <= 4; ++host) tickets.push_back(loop->join(delivery(host), map()));
  for (const auto& ticket : tickets) {
    const auto ended = await(ticket);
    EXPECT_TRUE(ended.ok()) << (ended ? "" : ended.error().message);
  }
  for (int host = 1; host <= 4; ++host) expect_same(host);
}

TEST_F(SwarmLoopTest, ADeadMachineIsAnErrorOfItsOwnAndTheOthersGoOn) {
  add_file("engine", "large", noise(60 * kChunkBytes, 4), 0644);
  const auto loop = make_loop();
  std::vector<SwarmLoop::Ticket> tickets;
  for (int host = 1; host <= 3; ++host) tickets.push_back(loop->join(delivery(host), map()));
  const fs::path begun = HostLayout{base(2)}.packages();
  const auto until = std::chrono::steady_clock::now() + Millis(kWaitMillis);
  std::error_code none;
  while (!fs::exists(begun, none) && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  receivers_.at(address(2)).kill();
  EXPECT_TRUE(await(tickets[0]).ok());
  EXPECT_EQ(await(tickets[1]).error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(await(tickets[2]).ok());
  expect_same(1);
  expect_same(3);
  EXPECT_TRUE(await(loop->join(delivery(2, {1, 3}), map())).ok()) << "again, from the others";
  expect_same(2);
}

TEST_F(SwarmLoopTest, ALateMachineGetsAllFromOneThatHasIt) {
  auto loop = make_loop();
  ASSERT_TRUE(await(loop->join(delivery(1), map())).ok());
  const auto all = map();
  // What the manager would send now is wrong: it must come from the other one.
  add_file("engine", "bin/tool", noise(3 * kChunkBytes + 17, 77), 0755);
  EXPECT_TRUE(await(loop->join(delivery(2, {1}), all)).ok());
  EXPECT_EQ(sha256_of_file(kept(2, "engine") / "bin/tool").value_or("absent"),
            sha256_of_file(kept(1, "engine") / "bin/tool").value());
}

TEST_F(SwarmLoopTest, WhoLeavesIsCancelledAndWhoWaitsAtTheEndIsTold) {
  auto loop = make_loop();
  add_file("engine", "large", noise(60 * kChunkBytes, 4), 0644);
  const auto first = loop->join(delivery(1), map());
  loop->leave(first);
  EXPECT_FALSE(first->wait_until(std::chrono::steady_clock::now()));
  const auto second = loop->join(delivery(2), map());
  loop.reset();
  const auto given = second->wait_until(std::chrono::steady_clock::now());
  ASSERT_TRUE(given);
  EXPECT_TRUE(given->ok() || given->error().kind == ErrorKind::cancelled);
}

TEST_F(SwarmLoopTest, AFileThatChangedHereIsSaid) {
  const auto all = map();
  add_file("engine", "bin/tool", noise(3 * kChunkBytes + 17, 77), 0755);
  const auto loop = make_loop();
  const auto ended = await(loop->join(delivery(1), all));
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().kind, ErrorKind::corrupted);
  EXPECT_THAT(ended.error().message, HasSubstr("engine"));
  EXPECT_FALSE(fs::exists(kept(1, "engine")));
}

}  // namespace
}  // namespace bdaas
