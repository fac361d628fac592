#include "net/http_client.h"

#include <curl/curl.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <utility>

#include "base/os_error.h"
#include "net/dial_gate.h"
#include "net/url.h"

namespace bdaas {

namespace {

constexpr std::size_t kHeaderBytesMax = 256 * 1024;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// An easy handle and what it runs in, which keeps its last connection. curl_easy_perform() would
// do, but it looks at a cancelled flag once a second only.
struct Handle {
  std::unique_ptr<CURLM, FreeMulti> multi;
  Easy easy;  // is in `multi` while a request runs
  std::optional<DialGate>
      gate;  // of connections that are dialled; it stays, as they are kept by it

  static Handle make() {
    Handle handle{decltype(multi)(curl_multi_init()), Easy(curl_easy_init()), std::nullopt};
    if (handle.multi) curl_multi_setopt(handle.multi.get(), CURLMOPT_MAXCONNECTS, 1L);
    return handle;
  }
  explicit operator bool() const { return multi != nullptr && easy != nullptr; }
};

using Steady = std::chrono::steady_clock;

constexpr Millis kPoll{1'000};
constexpr Millis kCancelPoll{30};  // how late a cancelled request is noticed

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

class StringList {
 public:
  void add(const std::string& text) {
    list_.reset(curl_slist_append(list_.release(), text.c_str()));
  }
  curl_slist* get() const { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, FreeList> list_;
};

bool is_reading(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool dials(const HttpRequest& request, const Url& url) {
  return request.hosts && request.hosts->dial && request.hosts->addresses.contains(url.host);
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

Result<> check(const HttpRequest& request) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!std::all_of(request.method.begin(), request.method.end(), is_upper) ||
      request.method.empty()) {
    return fail(ErrorKind::invalid_argument, "'{}' is not an HTTP method",
                printable(request.method));
  }
  for (const auto& header : request.headers) {
    if (header.name.empty() || header.name.find(':') != header.name.npos ||
        has_line_break(header.name) || has_line_break(header.value)) {
      return fail(ErrorKind::invalid_argument, "the HTTP header '{}' cannot be written",
                  printable(header.name));
    }
  }
  return {};
}

// One request on one handle: the settings' lifetime, and what its callbacks gather.
class Call {
 public:
  Call(Handle& handle, const HttpRequest& request, const Url& url)
      : multi_(handle.multi.get()),
        easy_(handle.easy.get()),
        gate_(handle.gate ? &*handle.gate : nullptr),
        request_(request),
        url_(url) {}

  Result<HttpResponse> perform(const HttpClientOptions& options) {
    set_connection(options);
    set_headers();
    set_body();
    set_callbacks();
    const CURLcode code = run();
    if (code != CURLE_OK) return explain(code);
    response_.status = static_cast<int>(status());
    return std::move(response_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    [[maybe_unused]] const CURLcode code = curl_easy_setopt(easy_, option, value);
    assert(code == CURLE_OK);
  }

  void set_connection(const HttpClientOptions& options);
  void set_route();
  void set_headers();
  void set_body();
  void set_callbacks();
  CURLcode run();
  bool is_too_silent();
  Millis poll_time() const;
  Error explain(CURLcode code) const;

  long status() const {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  bool was_sent() const {
    long bytes = 0;
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
  }

  bool is_cancelled() const { return request_.cancel != nullptr && *request_.cancel; }

  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  std::size_t give_body(std::span<char> buffer);
  bool is_mapped() const { return request_.hosts && request_.hosts->addresses.contains(url_.host); }
  curl_socket_t open_socket(const curl_sockaddr& address);
  Result<> let_through();

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->take_header({data, size * count});
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->take_body({data, size * count});
  }
  static std::size_t on_source(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->give_body({data, size * count});
  }
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) {
    return static_cast<Call*>(self)->open_socket(*address);
  }

  CURLM* multi_;
  CURL* easy_;
  DialGate* gate_;  // null: libcurl connects by itself
  const HttpRequest& request_;
  const Url& url_;
  StringList headers_;
  StringList routes_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::uint64_t given_bytes_ = 0;  // by the source
  std::size_t header_bytes_ = 0;
  std::optional<Error> error_;  // of a callback
  std::int64_t moved_bytes_ = -1;
  Steady::time_point moved_at_;
  bool too_silent_ = false;
  bool head_told_ = false;
  HttpResponse response_;
};

void Call::set_connection(const HttpClientOptions& options) {
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long long>(1, request_.timeout.count())));
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::max<long long>(1, request_.connect_timeout.count())));
  // Refused while the handle still holds the buffer of a failed request; then that one is used.
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, static_cast<long>(options.buffer_bytes));
  set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(options.buffer_bytes));
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  const bool follow = request_.redirects_max > 0 && is_reading(request_.method);
  set(CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(request_.redirects_max));
  const bool repeatable = request_.method != "POST" && request_.method != "PATCH";
  set(CURLOPT_FRESH_CONNECT, repeatable ? 0L : 1L);
  set_route();
}

// CONNECT_TO and not RESOLVE: kept connections are then told apart by address too, so a name that
// moved never meets its old machine.
void Call::set_route() {
  if (request_.hosts && gate_ == nullptr) {
    for (const auto& [host, address] : request_.hosts->addresses) {
      if (request_.redirects_max == 0 && host != url_.host) continue;
      routes_.add(host + "::" + address + ":");
    }
  }
  set(CURLOPT_CONNECT_TO, routes_.get());
  if (gate_ != nullptr) set(CURLOPT_UNIX_SOCKET_PATH, gate_->path().c_str());
  if (is_mapped() || is_loopback(url_.host)) set(CURLOPT_PROXY, "");
}

curl_socket_t Call::open_socket(const curl_sockaddr& address) {
  auto unlocked = gate_ != nullptr ? gate_->unlock() : Result<>{};
  if (!unlocked) {
    error_ = std::move(unlocked).error();
    return CURL_SOCKET_BAD;
  }
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

// A connection that libcurl has made to the gate goes on to the server.
Result<> Call::let_through() {
  UniqueFd socket = gate_->take();
  if (!socket.valid()) return {};
  return request_.hosts->dial(std::move(socket), request_.hosts->addresses.at(url_.host), url_.port,
                              request_.connect_timeout);
}

void Call::set_headers() {
  const auto given = [&](std::string_view name) {
    return std::any_of(request_.headers.begin(), request_.headers.end(),
                       [&](const HttpHeader& header) { return same_name(header.name, name); });
  };
  for (const auto& [name, value] : request_.headers) {
    headers_.add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!given("Expect"))
    headers_.add("Expect:");  // it would cost a second with servers that ignore it
  if (!given("Content-Type")) headers_.add("Content-Type:");
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void Call::set_body() {
  if (request_.source) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE,
        request_.source_bytes ? static_cast<curl_off_t>(*request_.source_bytes) : curl_off_t{-1});
    set(CURLOPT_READFUNCTION, &on_source);
    set(CURLOPT_READDATA, this);
  } else if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  if (request_.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Call::set_callbacks() {
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
  set(CURLOPT_OPENSOCKETDATA, this);
}

CURLcode Call::run() {
  if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  CURLcode code = CURLE_OK;
  int running = 1;
  while (running > 0) {
    CURLMcode step = curl_multi_perform(multi_, &running);
    if (gate_ != nullptr && running > 0) {
      auto through = let_through();
      if (!through) error_ = std::move(through).error();
      if (error_) break;
    }
    if (step == CURLM_OK && running > 0) {
      if (is_too_silent()) {
        code = CURLE_OPERATION_TIMEDOUT;
        break;
      }
      step = curl_multi_poll(multi_, nullptr, 0, static_cast<int>(poll_time().count()), nullptr);
    }
    if (step != CURLM_OK || is_cancelled()) {
      code = step == CURLM_OK ? CURLE_ABORTED_BY_CALLBACK : CURLE_OUT_OF_MEMORY;
      break;
    }
  }
  if (error_ && code == CURLE_OK) code = CURLE_COULDNT_CONNECT;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl_multi_remove_handle(multi_, easy_);
  return code;
}

// A clock of our own: libcurl's counts whole seconds, and the time a sink takes for silence.
bool Call::is_too_silent() {
  if (request_.silence_max.count() == 0) return false;
  curl_off_t received = 0;
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &received);
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  const auto bytes = static_cast<std::int64_t>(header_bytes_) + received + sent;
  const auto now = Steady::now();
  if (std::exchange(moved_bytes_, bytes) != bytes) moved_at_ = now;
  too_silent_ = now - moved_at_ >= request_.silence_max;
  return too_silent_;
}

Millis Call::poll_time() const {
  Millis wait = request_.cancel != nullptr ? kCancelPoll : kPoll;
  if (request_.silence_max.count() > 0) wait = std::min(wait, request_.silence_max);
  return wait;
}

std::size_t Call::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) return 0;
  const std::size_t taken = line.size();
  line = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();  // of a 100, or of a redirect that is being followed
  } else if (colon != line.npos) {
    std::string_view value = line.substr(colon + 1);
    const std::size_t begin = value.find_first_not_of(" \t");
    value.remove_prefix(std::min(begin, value.size()));
    response_.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  return taken;
}

std::size_t Call::take_body(std::string_view bytes) {
  const long now = status();
  if (request_.sink && now >= 200 && now < 300) {
    response_.status = static_cast<int>(now);
    if (request_.on_head && !std::exchange(head_told_, true)) request_.on_head(response_);
    auto taken = request_.sink(bytes);
    if (taken) return bytes.size();
    error_ = std::move(taken).error();
    return 0;
  }
  if (response_.body.size() + bytes.size() > request_.response_bytes_max) {
    error_ = fail(ErrorKind::resource_exhausted, "the answer is larger than the {} bytes allowed",
                  request_.response_bytes_max);
    return 0;
  }
  response_.body += bytes;
  return bytes.size();
}

std::size_t Call::give_body(std::span<char> buffer) {
  if (is_cancelled()) return CURL_READFUNC_ABORT;
  if (request_.source_bytes) {
    const std::uint64_t left = *request_.source_bytes - given_bytes_;
    if (left == 0) return 0;
    buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
  }
  auto filled = request_.source(buffer);
  if (filled && *filled == 0 && request_.source_bytes) {
    filled = fail(ErrorKind::invalid_argument, "the body ended after {} of its {} bytes",
                  given_bytes_, *request_.source_bytes);
  }
  if (!filled) {
    error_ = std::move(filled).error();
    return CURL_READFUNC_ABORT;
  }
  assert(*filled <= buffer.size());
  given_bytes_ += *filled;
  return *filled;
}

Error Call::explain(CURLcode code) const {
  // The query may carry a token; it is left out.
  const auto target = std::string_view(url_.target).substr(0, url_.target.find('?'));
  const auto where = fmt::format("{} {}{}", request_.method, url_.origin(), printable(target));
  if (is_cancelled()) return fail(ErrorKind::cancelled, "{}: cancelled", where);
  if (error_) return Error(*error_).context(where);
  const std::string silence =
      fmt::format("nothing came for {}", human_duration(request_.silence_max));
  const std::string_view detail = too_silent_          ? std::string_view(silence)
                                  : detail_[0] != '\0' ? detail_.data()
                                                       : curl_easy_strerror(code);
  const bool late = code == CURLE_OPERATION_TIMEDOUT;
  const bool reading = is_reading(request_.method);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_TOO_MANY_REDIRECTS) {
    return fail(ErrorKind::invalid_argument, "{}: {}", where, detail);
  }
  if (!was_sent()) return fail(ErrorKind::unavailable, "{}: {}", where, detail);
  if (code == CURLE_WRITE_ERROR || code == CURLE_WEIRD_SERVER_REPLY ||
      code == CURLE_UNSUPPORTED_PROTOCOL) {
    return fail(ErrorKind::corrupted, "{}: the answer is not HTTP: {}", where, detail);
  }
  if (!reading) return fail(ErrorKind::unknown_outcome, "{}: sent, but {}", where, detail);
  return fail(late ? ErrorKind::deadline_exceeded : ErrorKind::unavailable, "{}: {}", where,
              detail);
}

}  // namespace

// Handles, each with at most one kept connection. The one given back last is taken first.
class HttpClient::Pool {
 public:
  Handle take(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(idle_.begin(), idle_.end(),
                                    [&](const Idle& idle) { return idle.origin == origin; });
    if (found == idle_.end()) return Handle::make();
    Handle handle = std::move(found->handle);
    idle_.erase(found);
    return handle;
  }

  void give_back(const std::string& origin, Handle handle, std::size_t idle_max) {
    curl_easy_reset(handle.easy.get());  // keeps the connection
    std::list<Idle> surplus;             // closed outside the lock
    const std::lock_guard lock(mutex_);
    idle_.push_front({origin, std::move(handle)});
    if (idle_.size() > idle_max) surplus.splice(surplus.begin(), idle_, std::prev(idle_.end()));
  }

 private:
  struct Idle {
    std::string origin;
    Handle handle;
  };
  std::mutex mutex_;
  std::list<Idle> idle_;  // guarded by mutex_
};

// libcurl counts these calls, and since 7.84 they are thread-safe.
HttpClient::HttpClient(HttpClientOptions options) : options_(std::move(options)) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  pool_ = std::make_unique<Pool>();
}

HttpClient::~HttpClient() {
  pool_.reset();
  curl_global_cleanup();
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  BDAAS_TRY(check(request));
  BDAAS_ASSIGN(const auto url, parse_url(request.url));
  if (!dials(request, url)) return send_once(request, url);
  // A dialled connection leads to one server, so libcurl cannot follow.
  HttpRequest step = request;
  Url at = url;
  for (int left = is_reading(request.method) ? request.redirects_max : 0;; --left) {
    step.redirects_max = 0;
    auto response = send_once(step, at);
    if (!response || response->status < 300 || response->status >= 400 || left == 0) {
      return response;
    }
    const auto to = response->header("Location");
    if (!to) return response;
    step.url = *to;
    BDAAS_ASSIGN(at, parse_url(step.url).context("a redirect"));
  }
}

Result<HttpResponse> HttpClient::send_once(const HttpRequest& request, const Url& url) {
  // A kept connection that was dialled leads where its address led then.
  const bool dialled = dials(request, url);
  const std::string origin =
      url.origin() + (dialled ? " at " + request.hosts->addresses.at(url.host) : std::string());
  Handle handle = pool_->take(origin);
  if (!handle) return fail(ErrorKind::resource_exhausted, "no memory for an HTTP request");
  if (dialled && !handle.gate) {
    BDAAS_ASSIGN(handle.gate, DialGate::open(options_.gates));
  }
  auto response = Call(handle, request, url).perform(options_);
  pool_->give_back(origin, std::move(handle), options_.idle_connections_max);
  return response;
}

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return std::nullopt;
}

}  // namespace bdaas
