#include "agent/node_fixture.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

#include <charconv>
#include <fstream>

#include "base/digest.h"
#include "base/files.h"
#include "base/tcp_bind.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(20);

bool has_ended(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid), 4096);
  return !stat || stat->substr(stat->rfind(')')).starts_with(") Z");
}

}  // namespace

std::vector<pid_t> processes_of(const LeaseId& lease) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto name = entry.path().filename().native();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    const auto environment = read_file(entry.path() / "environ", 4u << 20);
    if (!environment || environment->find("BDAAS_LEASE=" + lease.text) == std::string::npos)
      continue;
    if (!has_ended(pid)) found.push_back(pid);
  }
  return found;
}

NodeTest::NodeTest()
    : lease_(new_id<LeaseId>(entropy_)), node_(new_id<NodeId>(entropy_)), placer_(AGENT_BINARY) {
  std::string name = testing::TempDir() + "bdaas-node-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  root_ = name;
  // Longer than a unix socket's path may be.
  dir_ = root_ + "/" + std::string(120, 'd');
  EXPECT_TRUE(make_directory(dir_, 0700).ok());  // as a provider does
  // An address of its own in 127/8, so tests may run at once.
  const auto number = entropy_.next();
  address_ =
      fmt::format("127.{}.{}.{}", 64 + number % 64, number / 64 % 256, 1 + number / 65'536 % 254);
  machine_.dir = dir_;
  machine_.address = address_;
}

NodeTest::~NodeTest() {
  links_.reset();
  // A failed test too leaves nothing behind.
  for (const auto pid : processes_of(lease_)) ::kill(pid, SIGKILL);
  EXPECT_TRUE(eventually([&] { return processes_of(lease_).empty(); }));
  EXPECT_TRUE(remove_tree(root_).ok());
}

AgentConfig NodeTest::config(Millis lease) const {
  AgentConfig config;
  config.installation = InstallationId{"i-test"};
  config.lease = lease_;
  config.cluster = ClusterId{"c-test"};
  config.node = node_;
  config.dir = dir_;
  config.address = address_;
  config.expires_at = SystemClock().now() + lease;
  return config;
}

Result<> NodeTest::place() { return placer_.place(machine_, config()); }

void NodeTest::connect() {
  links_.reset();
  links_ = std::make_unique<LinkLoop>(
      [](const Machine& machine) { return connect_agent(machine.dir); }, entropy_);
  links_->on_event([this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  const int before = seen_.ups;
  links_->open(node_, machine_);
  ASSERT_TRUE(eventually([&] { return seen_.ups > before; })) << "the agent does not say hello";
}

pid_t NodeTest::agent_pid() const {
  for (const auto pid : processes_of(lease_)) {
    const auto command = read_file(fmt::format("/proc/{}/cmdline", pid), 1u << 20).value_or("");
    if (command.find(std::string("run\0--dir\0", 10) + dir_) != std::string::npos) return pid;
  }
  return 0;
}

void NodeTest::kill_agent() {
  const auto pid = agent_pid();
  ASSERT_GT(pid, 0);
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(eventually([&] { return has_ended(pid); }));
}

DaemonSpec NodeTest::daemon(const std::string& name, std::vector<std::string> argv) const {
  DaemonSpec spec;
  spec.name = name;
  spec.argv = std::move(argv);
  spec.log = path(name + ".log");
  return spec;
}

DaemonSpec NodeTest::server(const std::string& name, std::int64_t port) const {
  auto spec =
      daemon(name, {TEST_PROGRAM, "serve", address_, std::to_string(port), path(name + ".pids")});
  Probe probe;
  probe.address = address_;
  probe.port = port;
  spec.ready = {probe};
  return spec;
}

void NodeTest::apply(std::vector<DaemonSpec> daemons, std::vector<FileSpec> files) {
  ApplyPlan order;
  order.plan.revision = ++revision_;
  order.plan.daemons = std::move(daemons);
  order.plan.files = std::move(files);
  send(order);
}

std::int64_t NodeTest::free_port() {
  const auto bound = bind_tcp("127.0.0.1", 0);
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(bound->get(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

void NodeTest::send(const Order& order) {
  ASSERT_TRUE(eventually([&] { return links_->send(node_, order); }));
}

bool NodeTest::eventually(const std::function<bool()>& holds) {
  const auto deadline = Steady::now() + kPatience;
  for (;;) {
    take_events();
    if (holds()) return true;
    if (Steady::now() >= deadline) return false;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(20));
  }
}

void NodeTest::take_events() {
  if (!links_) return;
  for (const auto& event : links_->drain()) take(event);
}

void NodeTest::take(const LinkEvent& event) {
  if (const auto* up = std::get_if<LinkUp>(&event)) {
    seen_.hello = up->hello;
    ++seen_.ups;
  }
  if (std::holds_alternative<LinkDown>(event)) ++seen_.downs;
  const auto* got = std::get_if<LinkReport>(&event);
  if (got == nullptr) return;
  const auto& report = got->report;
  if (const auto seq = seq_of(report); seq > 0) {
    seen_.seqs.push_back(seq);
    seen_.last_seq = std::max(seen_.last_seq, seq);
  }
  if (const auto* plan = std::get_if<PlanApplied>(&report)) seen_.plan = *plan;
  if (const auto* renewed = std::get_if<LeaseRenewed>(&report)) seen_.renewed = *renewed;
  if (const auto* daemons = std::get_if<DaemonsReport>(&report)) {
    seen_.daemons.clear();
    for (const auto& daemon : daemons->daemons) seen_.daemons[daemon.name] = daemon;
  }
  if (const auto* process = std::get_if<StepProcess>(&report)) {
    seen_.processes[process->step].push_back(*process);
  }
  if (const auto* chunk = std::get_if<OutputChunk>(&report)) {
    const auto key = std::pair(chunk->step, chunk->stream);
    auto& text = seen_.output[key];
    const auto bytes = from_base64(chunk->data).value_or("");
    EXPECT_LE(bytes.size(), 64u * 1024);
    EXPECT_EQ(static_cast<std::size_t>(chunk->offset), text.size()) << "a gap or a repetition";
    text += bytes;
    seen_.ended[key] |= chunk->end;
  }
}

void NodeTest::await_plan(std::int64_t revision) {
  ASSERT_TRUE(eventually([&] { return seen_.plan && seen_.plan->revision == revision; }));
}

DaemonStatus NodeTest::await_daemon(const std::string& name, std::string_view state) {
  const bool came = eventually(
      [&] { return seen_.daemons.contains(name) && to_text(seen_.daemons[name].state) == state; });
  EXPECT_TRUE(came) << name << " does not become " << state << " but is "
                    << to_text(seen_.daemons[name].state) << ": " << seen_.daemons[name].message;
  return seen_.daemons[name];
}

StepProcess NodeTest::await_end(const StepId& step) {
  const bool came = eventually(
      [&] { return !seen_.processes[step].empty() && seen_.processes[step].back().exit_code; });
  EXPECT_TRUE(came) << step.text << " does not end";
  return came ? seen_.processes[step].back() : StepProcess{};
}

std::string NodeTest::follow_to_end(const StepId& step, OutputStream stream, std::int64_t offset) {
  const auto key = std::pair(step, stream);
  seen_.output[key].resize(static_cast<std::size_t>(offset), '?');
  seen_.ended[key] = false;
  send(Follow{step, stream, offset});
  EXPECT_TRUE(eventually([&] { return seen_.ended[key]; })) << "its output does not end";
  return seen_.output[key].substr(static_cast<std::size_t>(offset));
}

void NodeTest::acknowledge() {
  take_events();
  send(Ack{seen_.last_seq});
}

std::vector<std::int64_t> NodeTest::lines_in(const std::string& name) const {
  std::ifstream file(path(name));
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; file >> number;) numbers.push_back(number);
  return numbers;
}

}  // namespace bdaas
