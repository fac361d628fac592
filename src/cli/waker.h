#pragma once
// A thread waits, others wake it; one wake-up is remembered. Carries no data. An eventfd, so it can
// stand in a poll(2).

#include "base/clock.h"
#include "base/unique_fd.h"

namespace bdaas::cli {

class Waker {
 public:
  Waker();
  void wake();                          // any thread
  bool wait(Millis most);               // false: nobody woke us in that time
  void drain();                         // forgets a wake-up
  int fd() const { return fd_.get(); }  // readable while a wake-up is remembered

 private:
  UniqueFd fd_;
};

}  // namespace bdaas::cli
