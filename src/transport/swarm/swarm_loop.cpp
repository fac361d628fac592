#include "transport/swarm/swarm_loop.h"

#include <poll.h>

#include <algorithm>

#include "model/host_messages.h"

namespace bdaas {

namespace {

constexpr Millis kJoinTime{300'000};  // it may have to read what came earlier
constexpr Millis kGatherTime{5'000};
// Nothing heard, and nothing taken: three pings. Chunks on their way to it are waited for so long.
constexpr Millis kSilence{30'000};
constexpr int kTurnMillis = 1'000;  // time-outs are looked at so often
constexpr int kWrongSeedsMax = 3;

Time now_of(std::chrono::steady_clock::time_point now) {
  return Time(std::chrono::duration_cast<Millis>(now.time_since_epoch()));
}

std::string name_of(const Delivery& delivery) {
  std::string name = delivery.cluster.text;
  for (const auto& package : delivery.names) name += " " + package;
  return name;
}

bool is_same(const Machine& a, const Machine& b) {
  return a.address == b.address && a.dir == b.dir;
}

}  // namespace

SwarmLoop::SwarmLoop(Open open, std::filesystem::path packages, Entropy& entropy)
    : open_(std::move(open)),
      packages_(std::move(packages)),
      entropy_(entropy),
      thread_([this] { run(); }) {}

SwarmLoop::~SwarmLoop() {
  tasks_.end();
  thread_.join();
}

SwarmLoop::Ticket SwarmLoop::join(const Delivery& delivery, ChunkMap map) {
  auto ticket = std::make_shared<Answer<void>>();
  auto shared = std::make_shared<ChunkMap>(std::move(map));
  tasks_.post([this, delivery, shared, ticket] { add(delivery, std::move(*shared), ticket); });
  return ticket;
}

void SwarmLoop::leave(const Ticket& ticket) {
  tasks_.post([this, ticket] {
    for (auto& [name, swarm] : swarms_) {
      for (auto& [id, member] : swarm.members) {
        if (member.waiting.erase(ticket) == 0 || !member.waiting.empty()) continue;
        end(swarm, id, fail(ErrorKind::cancelled, "cancelled"));
        return;
      }
    }
  });
}

void SwarmLoop::run() {
  while (tasks_.run()) poll_once();
  for (auto& [name, swarm] : swarms_) {
    for (auto& [id, member] : swarm.members) {
      for (const auto& ticket : member.waiting) {
        ticket->give(fail(ErrorKind::cancelled, "the manager ends"));
      }
    }
  }
  swarms_.clear();
}

void SwarmLoop::add(const Delivery& delivery, ChunkMap map, const Ticket& ticket) {
  const auto [found, is_new] = swarms_.try_emplace(name_of(delivery), Swarm{delivery.cluster,
                                                                            ChunkMap(),
                                                                            Secret<std::string>(),
                                                                            SwarmState(map.count()),
                                                                            {},
                                                                            0,
                                                                            Steady::now()});
  auto& swarm = found->second;
  if (is_new) {
    swarm.map = std::move(map);
    swarm.secret = Secret(random_text(entropy_, static_cast<int>(kSwarmSecretBytes)));
  }
  for (auto& [id, member] : swarm.members) {
    if (!is_same(member.machine, delivery.machine)) continue;
    if (member.wants) {
      member.waiting.insert(ticket);
      return;
    }
    end(swarm, id, fail(ErrorKind::cancelled, "it begins again"));  // now it wants something
    break;
  }
  if (auto begun = begin(swarm, delivery.machine, ticket); !begun) {
    return ticket->give(std::move(begun));
  }
  for (const auto& other : delivery.others) {
    const bool is_there =
        std::any_of(swarm.members.begin(), swarm.members.end(),
                    [&](const auto& one) { return is_same(one.second.machine, other); });
    // One that cannot be asked gives nothing.
    if (!is_there) static_cast<void>(begin(swarm, other, nullptr).ok());
  }
}

Result<> SwarmLoop::begin(Swarm& swarm, const Machine& machine, const Ticket& ticket) {
  BDAAS_ASSIGN(auto stream, open_(machine));
  const int id = swarm.next_member++;
  const auto now = Steady::now();
  auto& member = swarm.members
                     .emplace(id, Member{.machine = machine,
                                         .link = SwarmLink(std::move(stream), swarm.map, packages_),
                                         .waiting = {},
                                         .listens = {},
                                         .since = now,
                                         .news = {}})
                     .first->second;
  member.wants = ticket != nullptr;
  if (ticket) member.waiting.insert(ticket);
  member.link.say(JoinSwarm{.base = base_of(machine),
                            .address = machine.address,
                            .secret = swarm.secret.reveal(),
                            .packages = swarm.map.packages(),
                            .wants = member.wants});
  return {};
}

void SwarmLoop::poll_once() {
  std::vector<pollfd> fds{tasks_.watch()};
  for (const auto& [name, swarm] : swarms_) {
    for (const auto& [id, member] : swarm.members) fds.push_back(member.link.watch());
  }
  ::poll(fds.data(), fds.size(), swarms_.empty() ? -1 : kTurnMillis);
  tasks_.polled(fds[0].revents);
  std::size_t at = 1;
  for (auto& [name, swarm] : swarms_) {
    std::vector<std::pair<int, Error>> ended;
    for (auto& [id, member] : swarm.members) {
      auto reports = member.link.turn(fds[at++].revents);
      if (reports) member.news = *std::move(reports);
      auto taken = reports ? take(swarm, id, member) : Result<>(reports.error());
      if (!taken) ended.emplace_back(id, std::move(taken).error());
    }
    for (const auto& [id, why] : ended) end(swarm, id, why);
    turn(swarm);
  }
  std::erase_if(swarms_, [](const auto& one) {
    const auto& members = one.second.members;
    return std::none_of(members.begin(), members.end(), [](const auto& member) {
      return member.second.wants && !member.second.is_kept;
    });
  });
}

void SwarmLoop::turn(Swarm& swarm) {
  const auto now = Steady::now();
  std::vector<std::pair<int, Error>> ended;
  for (const auto& [id, member] : swarm.members) {
    constexpr auto kLate = ErrorKind::deadline_exceeded;
    if (!member.has_joined && now - member.since > kJoinTime) {
      ended.emplace_back(id, fail(kLate, "its agent did not begin to take packages within {}",
                                  human_duration(kJoinTime)));
    } else if (member.has_joined && now - member.link.lively_at() > kSilence) {
      ended.emplace_back(id, fail(kLate, "nothing was heard of it for {} while packages came",
                                  human_duration(kSilence)));
    }
  }
  for (const auto& [id, why] : ended) end(swarm, id, why);
  if (now - swarm.pinged_at >= kSwarmPing) {
    swarm.pinged_at = now;
    for (auto& [id, member] : swarm.members) member.link.say(SwarmPing{});
  }
  give_orders(swarm);
}

Result<> SwarmLoop::take(Swarm& swarm, int id, Member& member) {
  for (const auto& report : std::exchange(member.news, {})) {
    BDAAS_TRY(std::visit([&](const auto& body) { return hear(swarm, id, member, body); }, report));
  }
  if (!member.link.is_ended()) return {};
  return fail(ErrorKind::unavailable, "the connection ended while packages came");
}

namespace {

Result<int> checked(std::int64_t chunk, const ChunkMap& map) {
  if (chunk >= 0 && chunk < map.count()) return static_cast<int>(chunk);
  return fail(ErrorKind::corrupted, "its agent speaks of chunk {} of {}", chunk, map.count());
}

}  // namespace

Result<> SwarmLoop::hear(Swarm& swarm, int id, Member& member, const Joined& report) {
  if (member.has_joined || report.port < 0 || report.port > 65'535) {
    return fail(ErrorKind::corrupted, "its agent said hello wrongly");
  }
  SwarmMember is;
  is.wants = member.wants;
  is.serves = report.port != 0;
  is.has = ChunkSet(swarm.map.count());
  BDAAS_TRY(add_runs(report.have, is.has));
  member.has_joined = true;
  if (is.serves) member.listens = fmt::format("{}:{}", member.machine.address, report.port);
  swarm.state.joined(id, std::move(is));
  return {};
}

Result<> SwarmLoop::hear(Swarm& swarm, int id, Member& member, const HaveChunk& report) {
  BDAAS_ASSIGN(const int chunk, checked(report.chunk, swarm.map));
  if (member.has_joined) swarm.state.has(id, chunk, now_of(Steady::now()));
  return {};
}

Result<> SwarmLoop::hear(Swarm& swarm, int id, Member& member, const MissedChunk& report) {
  BDAAS_ASSIGN(const int chunk, checked(report.chunk, swarm.map));
  if (!member.has_joined) return {};
  const auto now = now_of(Steady::now());
  if (report.from.empty()) {
    if (++member.wrong_seeds > kWrongSeedsMax) {
      return fail(ErrorKind::corrupted,
                  "package {} changed here while it was sent: 'bdaas releases verify' tells how",
                  swarm.map.packages()[swarm.map.package_of(chunk)].name);
    }
    swarm.state.missed(id, chunk, kFromManager, now);
    return {};
  }
  for (const auto& [from, other] : swarm.members) {
    if (other.listens == report.from) swarm.state.missed(id, chunk, from, now);
  }
  return {};
}

Result<> SwarmLoop::hear(Swarm&, int, Member& member, const PackagesKept&) {
  member.is_kept = true;
  for (const auto& ticket : std::exchange(member.waiting, {})) ticket->give({});
  return {};
}

Result<> SwarmLoop::hear(Swarm&, int, Member&, const SwarmRefusal& report) {
  return Error{report.kind, report.message};
}

Result<> SwarmLoop::hear(Swarm&, int, Member&, const SwarmPong&) { return {}; }

// Its stream is closed with it, which ends its agent's part.
void SwarmLoop::end(Swarm& swarm, int id, const Error& why) {
  const auto member = swarm.members.extract(id);
  if (member.empty()) return;
  swarm.state.left(id);
  // Before anything else is said: what was to come from it will come from elsewhere.
  for (auto& [other, is] : swarm.members) {
    if (!member.mapped().listens.empty()) is.link.say(DropPeer{member.mapped().listens});
  }
  for (const auto& ticket : member.mapped().waiting) ticket->give(why);
}

void SwarmLoop::give_orders(Swarm& swarm) {
  // What others have already is not sent by the manager; they are waited for a little.
  const auto now = Steady::now();
  const bool gathers =
      std::any_of(swarm.members.begin(), swarm.members.end(), [&](const auto& one) {
        const auto& [id, member] = one;
        return !member.wants && !member.has_joined && now - member.since < kGatherTime;
      });
  if (gathers) return;
  for (const auto& move : decide_swarm(swarm.state, now_of(now))) {
    auto& link = swarm.members.at(move.member).link;
    switch (move.kind) {
      case SwarmMove::Kind::seed:
        link.seed(move.chunk);
        break;
      case SwarmMove::Kind::fetch:
        link.say(FetchChunk{move.chunk, swarm.members.at(move.from).listens});
        break;
      case SwarmMove::Kind::drop:
        link.say(DropPeer{swarm.members.at(move.from).listens});
        break;
    }
  }
}

}  // namespace bdaas
