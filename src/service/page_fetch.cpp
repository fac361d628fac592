#include "service/page_fetch.h"

#include <strings.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "service/cluster_http.h"

namespace bdaas {
namespace {

constexpr Millis kHeadDeadline{20'000};
constexpr Millis kWholeDeadline{10 * 60'000};
constexpr std::size_t kAheadBytesMax = 1 << 20;
constexpr std::uint64_t kErrorBytesMax = 1 << 20;  // of an answer that is no success

// Cookies stay here: they would be valid for the manager itself.
constexpr const char* kPassedOn[] = {"Content-Type",        "Last-Modified", "ETag",
                                     "Content-Disposition", "Cache-Control", "Retry-After"};

bool is_html(const HttpResponse& head) {
  const auto type = head.header("Content-Type").value_or("");
  return ::strncasecmp(std::string(type.substr(0, 9)).c_str(), "text/html", 9) == 0;
}

std::vector<PageRequest::Header> headers_of(const HttpResponse& head, const PageLinks& links) {
  std::vector<PageRequest::Header> headers;
  for (const char* name : kPassedOn) {
    if (const auto value = head.header(name)) headers.emplace_back(name, *value);
  }
  if (const auto to = head.header("Location")) {
    headers.emplace_back("Location", through_manager(links, *to));
  }
  return headers;
}

std::optional<std::uint64_t> length_of(const HttpResponse& head) {
  const auto text = head.header("Content-Length");
  if (!text || text->empty() || text->size() > 18) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : *text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

// A request under way: one thread reads from the server, others pull.
class Fetch {
 public:
  Fetch(std::shared_ptr<HttpClient> client, PageTarget target, const PageRequest& page)
      : client_(std::move(client)), links_(target.links), rewriter_(std::move(target.links)) {
    request_.method = page.head ? "HEAD" : "GET";
    request_.url = std::move(target.url);
    request_.hosts = std::move(target.hosts);
    for (const auto& [name, value] : page.headers) request_.headers.push_back({name, value});
    request_.timeout = kWholeDeadline;
    request_.silence_max = kSilenceMax;
    request_.response_bytes_max = kErrorBytesMax;
    request_.cancel = &cancel_;
    request_.on_head = [this](const HttpResponse& head) { take_head(head); };
    request_.sink = [this](std::string_view bytes) { return take(bytes); };
  }
  ~Fetch() {
    {
      const std::lock_guard lock(mutex_);
      cancel_ = true;
      wake_ = nullptr;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    thread_ = std::thread([this] { end(client_->send(request_)); });
  }

  // The head of the answer, or all of an answer without a stream.
  Result<HttpResponse> wait_for_head() {
    std::unique_lock lock(mutex_);
    const bool told = changed_.wait_for(lock, kHeadDeadline, [&] { return head_ || ended_; });
    if (head_) return *head_;
    if (told && !error_) return std::move(whole_);
    if (told) return *error_;
    return fail(ErrorKind::deadline_exceeded, "{} does not answer within {}", request_.url,
                human_duration(kHeadDeadline));
  }

  PageBody::Piece pull() {
    PageBody::Piece piece;
    {
      const std::lock_guard lock(mutex_);
      piece.bytes = std::exchange(ready_, {});
      piece.end = ended_ && !error_;
      piece.broken = ended_ && error_ && piece.bytes.empty();
    }
    changed_.notify_all();
    return piece;
  }

  void on_wake(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }

  const PageLinks& links() const { return links_; }

 private:
  void take_head(const HttpResponse& head) {
    const std::lock_guard lock(mutex_);
    html_ = is_html(head);
    head_ = head;
    changed_.notify_all();
  }

  Result<> take(std::string_view bytes) {
    std::string turned = html_ ? rewriter_.feed(bytes) : std::string(bytes);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancel_ || ready_.size() < kAheadBytesMax; });
    if (cancel_) return fail(ErrorKind::cancelled, "nobody reads the page any more");
    ready_ += turned;
    if (wake_) wake_();
    return {};
  }

  void end(Result<HttpResponse> outcome) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (html_) ready_ += rewriter_.finish();
    if (outcome) {
      whole_ = *std::move(outcome);
    } else {
      error_ = std::move(outcome).error();
    }
    changed_.notify_all();
    if (wake_) wake_();
  }

  std::shared_ptr<HttpClient> client_;
  const PageLinks links_;
  HttpRequest request_;
  std::atomic<bool> cancel_{false};

  HtmlRewriter rewriter_;  // the thread's, as html_ is once the head is there
  bool html_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<HttpResponse> head_;
  HttpResponse whole_;
  std::optional<Error> error_;
  std::string ready_;
  bool ended_ = false;
  std::function<void()> wake_;

  std::thread thread_;
};

class FetchBody final : public PageBody {
 public:
  explicit FetchBody(std::unique_ptr<Fetch> fetch) : fetch_(std::move(fetch)) {}
  Piece pull() override { return fetch_->pull(); }
  void on_wake(std::function<void()> wake) override { fetch_->on_wake(std::move(wake)); }

 private:
  std::unique_ptr<Fetch> fetch_;
};

}  // namespace

Result<PageAnswer> fetch_page(std::shared_ptr<HttpClient> client, PageTarget target,
                              const PageRequest& request) {
  auto fetch = std::make_unique<Fetch>(std::move(client), std::move(target), request);
  fetch->start();
  BDAAS_ASSIGN(auto head, fetch->wait_for_head());
  PageAnswer answer;
  answer.status = head.status;
  answer.headers = headers_of(head, fetch->links());
  if (!head.ok()) {
    HtmlRewriter rewriter(fetch->links());
    answer.body = is_html(head) ? rewriter.feed(head.body) + rewriter.finish() : head.body;
    return answer;
  }
  if (request.head) return answer;
  if (!is_html(head)) answer.length = length_of(head);
  answer.stream = std::make_unique<FetchBody>(std::move(fetch));
  return answer;
}

}  // namespace bdaas
