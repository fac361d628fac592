#pragma once
// A step's output in files of bounded size, and how readers follow it.
//
//   steps/<step>/stdout, stderr   the first head_bytes_max, then (at the end) a line that says how
//   much
//                                 was left out, then the last tail_bytes_max
//   steps/<step>/work.tar         one tar; cut off behind work_bytes_max, then ended with a note
//   steps/<step>/<stream>.end     {"bytes", "note"}: nothing more will come
//
// A restart takes up the files as they are: the agent is asked again from their size on.

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "base/state_dir.h"
#include "base/unique_fd.h"
#include "model/output.h"

namespace bdaas {

struct SpoolLimits {
  std::int64_t head_bytes_max = 64ll << 20;
  std::int64_t tail_bytes_max = 64ll << 10;
  std::int64_t work_bytes_max = 512ll << 20;
};

// For those who follow. Thread-safe.
class SpoolReader {
 public:
  virtual ~SpoolReader() = default;

  struct Part {
    std::string bytes;   // of the file, from the offset that was asked for
    bool ended = false;  // these are the last; nothing more will come
  };
  // Reads the file: offsets count what is kept. Nothing there yet is an empty part.
  virtual Result<Part> read_at(const StepId& step, OutputStream stream, std::int64_t offset,
                               std::int64_t bytes_max) const = 0;

  // Calls `wake` after every change of the step's streams, until the subscription goes away (which
  // waits for a call that is going on). It carries no data: subscribe, read, wait for the wake,
  // read again. `wake` runs on the thread that brought the output and under a lock: it only posts
  // to the reader's executor.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(const StepId& step,
                                                                std::function<void()> wake) = 0;
};

class FileSpool final : public OutputSpool, public SpoolReader {
 public:
  explicit FileSpool(StateDir dir, SpoolLimits limits = {});
  ~FileSpool() override;

  // failed_precondition: a gap. resource_exhausted: the disk is full; what was taken stands.
  Result<SpoolState> append(const StepId& step, OutputStream stream, std::int64_t offset,
                            std::string_view bytes, bool end) override;
  SpoolState state(const StepId& step, OutputStream stream) const override;
  void close(const StepId& step) override;
  std::string tail(const StepId& step, OutputStream stream, int lines) const override;

  Result<Part> read_at(const StepId& step, OutputStream stream, std::int64_t offset,
                       std::int64_t bytes_max) const override;
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(const StepId& step,
                                                        std::function<void()> wake) override;

  // The file of a stream; it need not be there.
  fs::path path_of(const StepId& step, OutputStream stream) const;
  // Why a stream is not whole, or empty.
  std::string note(const StepId& step, OutputStream stream) const;

 private:
  struct Stream;
  class Listener;

  Stream load(const StepId& step, OutputStream stream) const;   // from disk
  Stream* find(const StepId& step, OutputStream stream) const;  // one that grows, or nullptr
  Result<SpoolState> append_locked(const StepId& step, OutputStream stream, std::int64_t offset,
                                   std::string_view bytes, bool end);
  Result<> take(Stream& stream, std::string_view bytes) const;
  Result<> end(Stream& stream) const;
  void notify(const StepId& step);

  const StateDir dir_;
  const SpoolLimits limits_;

  mutable std::mutex mutex_;
  // Guarded by mutex_: streams that grow. One that has ended is looked up on disk.
  std::map<std::pair<StepId, OutputStream>, std::unique_ptr<Stream>> streams_;

  std::mutex listeners_mutex_;
  std::multimap<StepId, Listener*> listeners_;  // guarded by listeners_mutex_
};

}  // namespace bdaas
