#pragma once
// The agent's end of the node link: <dir>/agent.sock, for processes of the same user only. Several
// connections may be open (a manager, one that asks whether the agent lives); each is bounded in
// both directions.

#include <list>
#include <vector>

#include "agent/follower.h"
#include "agent/outbox.h"
#include "agent/wait_set.h"
#include "model/line_buffer.h"

namespace bdaas {

class Connection {
 public:
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}

  std::vector<Order> receive();     // what has come; closes at its end, or at what is no message
  void send(const Report& report);  // queued
  void send_new(std::span<const Outbox::Entry> entries);  // those this connection has not had
  void flush();                                           // as far as the socket takes it

  bool has_ordered() const { return has_ordered_; }  // so it is a manager's
  bool open() const { return fd_.valid(); }
  void close() { fd_.reset(); }
  std::size_t unsent() const { return out_.size() - sent_; }
  void wait_for(WaitSet& wait) const;

  Follower follower;

 private:
  UniqueFd fd_;
  bool has_ordered_ = false;
  LineBuffer in_{kMaxMessageBytes};
  std::string out_;
  std::size_t sent_ = 0;       // of out_
  std::int64_t last_seq_ = 0;  // of the outbox, queued here
};

class LinkServer {
 public:
  // Listens at `name` in the current directory: a socket's path has 107 bytes, a node's directory
  // may have more.
  static Result<LinkServer> listen(const std::string& name);

  // Takes new connections; each gets `hello` first. When there are too many, one that never gave an
  // order goes.
  void accept(const Hello& hello);
  std::list<Connection>& connections() { return connections_; }
  void drop_closed();
  void wait_for(WaitSet& wait) const;

 private:
  explicit LinkServer(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::list<Connection> connections_;
};

}  // namespace bdaas
