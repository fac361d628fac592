#pragma once
// All lasting agent links in one poll loop on a thread of its own (model/node_link.h). What a peer
// sends can neither crash it nor grow its memory: lines, queues and events are bounded, a peer that
// breaks the protocol is hung up on.

#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/id.h"
#include "base/unique_fd.h"
#include "model/line_buffer.h"
#include "model/node_link.h"

namespace bdaas {

struct LinkLimits {
  Millis first_backoff{50};
  Millis last_backoff{2'000};
  Millis hello_time{5'000};  // from connecting to Hello
  // a link that lived so long starts again at first_backoff
  Millis steady_after{5'000};
  std::size_t unsent_bytes_max = 48u << 20;  // of one link: orders beyond are dropped
  // of all reports: then nothing is read until drain()
  std::size_t undrained_bytes_max = 32u << 20;
};

class LinkLoop final : public NodeLinks {
 public:
  // A connected, non-blocking stream socket to the machine's agent. Called on the loop's thread:
  // must not block.
  using Dial = std::function<Result<UniqueFd>(const Machine&)>;

  // `entropy` (for jitter) outlives it.
  LinkLoop(Dial dial, Entropy& entropy, LinkLimits limits = {});
  ~LinkLoop() override;  // ends the thread; links are closed, agents go on

  void open(const NodeId& node, const Machine& machine) override;
  void close(const NodeId& node) override;
  bool send(const NodeId& node, const Order& order) override;
  std::vector<LinkEvent> drain() override;
  void on_event(std::function<void()> wake) override;

 private:
  using Steady = std::chrono::steady_clock;
  struct Link {
    Machine machine;
    UniqueFd fd;
    LineBuffer in{kMaxMessageBytes};
    std::string out;
    std::size_t sent = 0;  // of out
    bool up = false;       // Hello has come
    Steady::time_point next_dial{};
    Steady::time_point connected_at{};
    Millis backoff{0};
  };
  struct Watched;

  void run();
  void tell();  // that there is something to drain
  // The rest: mutex_ is held.
  std::vector<std::pair<NodeId, Machine>> due(Steady::time_point now);  // to be dialled
  void take_dialled(const NodeId& node, const Machine& machine, Result<UniqueFd> dialled);
  std::vector<Watched> watched(Steady::time_point& until) const;
  void serve(const NodeId& node, Link& link, short ready);
  void receive(const NodeId& node, Link& link);
  Result<> take_line(const NodeId& node, Link& link, std::string_view line);
  void flush(const NodeId& node, Link& link);
  void hang_up(const NodeId& node, Link& link, const std::string& why);
  void add_event(LinkEvent event, std::size_t bytes);
  void wake_loop() const;

  const Dial dial_;
  Entropy& entropy_;
  const LinkLimits limits_;
  UniqueFd wake_fd_;

  std::mutex mutex_;  // guards what follows
  std::map<NodeId, Link> links_;
  std::vector<LinkEvent> events_;
  std::size_t event_bytes_ = 0;
  bool news_ = false;  // events since the last wake
  bool stopping_ = false;

  std::mutex wake_mutex_;  // taken without mutex_; held during a call, so that none is left behind
  std::function<void()> wake_;

  std::thread thread_;
};

}  // namespace bdaas
