#include "cli/run/view.h"

#include <ctime>

#include "cli/run/live_area.h"
#include "cli/text.h"

namespace bdaas::cli {

namespace {

constexpr std::size_t kPartialBytesMax = 64 * 1024;

std::chrono::seconds utc_offset_at(Time now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return std::chrono::seconds(local.tm_gmtoff);
}

// The last words for people, before the error.
std::string end_text(const RunModel& model, const Error* error, Time now) {
  if (model.job.empty()) {
    const bool nothing_made = model.cancel_asked && error == nullptr;
    return nothing_made ? "cancelled before the job was created\n" : "";
  }
  std::string text = render_summary(model, now);
  if (!model.end || model.end->state != JobState::failed) return text;
  const auto& end = *model.end;
  text += fmt::format("bdaas: job {} failed: {}\n", model.job.text,
                      end.message.empty() ? to_text(end.reason) : end.message);
  const bool said =
      model.last_lines.empty() || end.message.find(model.last_lines) != std::string::npos;
  if (!said) text += fmt::format("the program's last lines:\n{}\n", model.last_lines);
  return text;
}

class JsonView final : public RunView {
 public:
  explicit JsonView(Output& out) : out_(out) {}
  void show(const RunModel&, std::span<const RunChange> changes, Time now) override {
    std::string text;
    for (const auto& change : changes) text += render_json(change, now);
    out_.write(text);
  }
  void finish(const RunModel& model, ExitCode code, const Error* error, Time now) override {
    if (error != nullptr) out_.write(render_json_error(*error, code));
    if (!model.job.empty()) out_.write(render_json_end(model, code, now));
  }

 private:
  Output& out_;
};

class PlainView final : public RunView {
 public:
  PlainView(Output& out, Output& err) : out_(out), err_(err) {}
  void show(const RunModel&, std::span<const RunChange> changes, Time now) override {
    for (const auto& change : changes) {
      if (const auto* output = std::get_if<OutputArrived>(&change)) {
        (output->stream == OutputStream::out ? out_ : err_).write(output->text);
      } else {
        err_.write(render_plain(change, now, utc_offset_at(now)));
      }
    }
  }
  void finish(const RunModel& model, ExitCode, const Error* error, Time now) override {
    err_.write(end_text(model, error, now));
  }

 private:
  Output& out_;
  Output& err_;
};

class TerminalView final : public RunView {
 public:
  TerminalView(Output& out, Output& err) : out_(out), err_(err) {}

  void show(const RunModel& model, std::span<const RunChange> changes, Time now) override {
    std::string above;
    for (const auto& change : changes) {
      if (const auto* output = std::get_if<OutputArrived>(&change)) {
        add_output(*output, above);
      } else if (const auto* note = std::get_if<Noted>(&change)) {
        above += without_controls(note->text) + "\n";
      }
    }
    print_above(above);
    tick(model, now);
  }

  void tick(const RunModel& model, Time now) override {
    const auto columns = err_.width();
    const auto rows = err_.height() - (partial_.empty() ? 0 : 1);
    auto lines = render_block(model, now, {columns, rows, err_.colours()});
    // A line that the program has not ended yet cannot scroll away; it stands above the block.
    if (!partial_.empty()) {
      lines.insert(lines.begin(), fit_width(without_controls(partial_), columns - 1));
    }
    err_.write(area_.draw(std::move(lines), columns));
  }

  void finish(const RunModel& model, ExitCode, const Error* error, Time now) override {
    if (!partial_.empty()) print_above(std::exchange(partial_, {}) + "\n");
    tick(model, now);
    err_.write(end_text(model, error, now));
  }

  bool wants_ticks() const override { return true; }

 private:
  void add_output(const OutputArrived& output, std::string& above) {
    const bool elsewhere = output.stream == OutputStream::out && !out_.is_terminal();
    if (elsewhere) {
      out_.write(output.text);
      return;
    }
    partial_ += output.text;
    if (partial_.size() > kPartialBytesMax) partial_ += '\n';
    const auto end = partial_.rfind('\n');
    if (end == std::string::npos) return;
    above += partial_.substr(0, end + 1);
    partial_.erase(0, end + 1);
  }

  void print_above(const std::string& text) {
    if (text.empty()) return;
    err_.write(area_.erase(err_.width()));
    (out_.is_terminal() ? out_ : err_).write(text);
  }

  Output& out_;
  Output& err_;
  LiveArea area_;
  std::string partial_;
};

}  // namespace

std::unique_ptr<RunView> make_view(Output& out, Output& err, bool json) {
  if (json) return std::make_unique<JsonView>(out);
  if (err.is_terminal()) return std::make_unique<TerminalView>(out, err);
  return std::make_unique<PlainView>(out, err);
}

}  // namespace bdaas::cli
