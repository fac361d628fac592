#pragma once
// One of the two streams of the process, unbuffered: what is written is seen, in order, also when
// both streams are the same terminal. One thread.

#include <map>
#include <string>
#include <string_view>

namespace bdaas::cli {

class Output {
 public:
  // env: NO_COLOR and TERM are looked at.
  Output(int fd, const std::map<std::string, std::string>& env);

  bool is_terminal() const { return terminal_; }
  bool colours() const { return colours_; }
  std::size_t width() const;   // of the terminal now; 80 when nobody knows
  std::size_t height() const;  // 24 when nobody knows

  // False when the reader is gone (`| head`) or the disk is full; from then on nothing is written.
  bool write(std::string_view text);
  bool broken() const { return broken_; }

 private:
  int fd_;
  bool terminal_ = false;
  bool colours_ = false;
  bool broken_ = false;
};

}  // namespace bdaas::cli
