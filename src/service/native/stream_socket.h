#pragma once
// A TCP connection with a deadline for each step. One owner, one thread at a time; blocking.
// Errors: unavailable (not connected, broken, closed), deadline_exceeded (silent for too long),
// cancelled, corrupted (a message longer than allowed). After any of them it is of no more use.

#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace bdaas {

struct SocketOptions {
  const std::atomic<bool>* cancel = nullptr;  // looked at four times a second while it waits
  Millis connect_timeout{5'000};
  Millis silence_max{60'000};  // while something is awaited, or nothing can be sent
};

class StreamSocket {
 public:
  // `address` is numeric IPv4.
  static Result<StreamSocket> connect(const std::string& address, std::int64_t port,
                                      const SocketOptions& options);
  // One that is connected already, and does not block. `peer` is for messages.
  static StreamSocket adopt(UniqueFd fd, std::string peer, const SocketOptions& options) {
    return StreamSocket(std::move(fd), std::move(peer), options);
  }

  // All pieces, one after the other, in few packets.
  Result<> send(std::initializer_list<std::string_view> pieces);
  Result<std::string> receive(std::size_t bytes);  // exactly so many
  // What stands behind its length as a varint: a message of Protocol Buffers.
  Result<std::string> receive_delimited(std::size_t bytes_max);
  // True when something, or the end, can be received at once.
  bool has_input() const;
  // Waits that long, or until something comes unasked, or the end: then it is unavailable.
  Result<> stay_idle(Millis span) const;

  const std::string& peer() const { return peer_; }  // "127.0.0.1:8020", for messages

 private:
  StreamSocket(UniqueFd fd, std::string peer, const SocketOptions& options)
      : fd_(std::move(fd)), peer_(std::move(peer)), options_(options) {}
  Result<bool> wait_for(short events, Millis limit) const;  // false: not within the limit
  Result<> await(short events, Millis limit) const;
  Result<> fill();  // at least one byte into input_
  Error broken(std::string_view what) const;

  UniqueFd fd_;
  std::string peer_;
  SocketOptions options_;
  std::string input_;  // received and not yet asked for
};

}  // namespace bdaas
