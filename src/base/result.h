#pragma once
// Result<T>: a value or an Error. The world's failures are Results; our own bugs are asserts.
// Exceptions of libraries stop at the adapter that calls them.

#include <fmt/core.h>

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/enum_text.h"

namespace bdaas {

// A kind exists only because some caller reacts to it in its own way.
enum class ErrorKind {
  invalid_argument,     // the request is wrong; repeating it cannot help (HTTP 400, exit 2)
  not_found,            // (404, exit 4)
  conflict,             // exists already, or somebody else changed it first (409)
  failed_precondition,  // right request, wrong moment; the message says what must change (412)
  unauthenticated,      // (401)
  permission_denied,    // (403)
  resource_exhausted,   // memory, disk, quota, capacity; the message has the numbers (429)
  throttled,            // try later, at the other side's wish
  unavailable,          // nobody answered, and nothing was done; may be tried again (503)
  deadline_exceeded,    // ours ran out
  cancelled,            // by a wish
  unknown_outcome,      // sent, no answer: resolve by listing with the token, never by repeating
  corrupted,            // a checksum or a format is wrong
  internal,             // a bug of ours that was survived
};

constexpr auto enum_table(ErrorKind) {
  using enum ErrorKind;
  return enum_rows<ErrorKind>({{invalid_argument, "invalid_argument"},
                               {not_found, "not_found"},
                               {conflict, "conflict"},
                               {failed_precondition, "failed_precondition"},
                               {unauthenticated, "unauthenticated"},
                               {permission_denied, "permission_denied"},
                               {resource_exhausted, "resource_exhausted"},
                               {throttled, "throttled"},
                               {unavailable, "unavailable"},
                               {deadline_exceeded, "deadline_exceeded"},
                               {cancelled, "cancelled"},
                               {unknown_outcome, "unknown_outcome"},
                               {corrupted, "corrupted"},
                               {internal, "internal"}});
}

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // one sentence: what, where, what to do

  // Prepends where it happened: "cannot start cluster c-7: " + message.
  Error context(std::string_view where) && {
    message = fmt::format("{}: {}", where, message);
    return std::move(*this);
  }
};

template <class... Args>
Error fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error{kind, fmt::format(format, std::forward<Args>(args)...)};
}

template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return assert(ok()), std::get<0>(content_); }
  const T& value() const& { return assert(ok()), std::get<0>(content_); }
  T&& value() && { return assert(ok()), std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T value_or(T fallback) const& { return ok() ? value() : std::move(fallback); }

  const Error& error() const& { return assert(!ok()), std::get<1>(content_); }
  Error&& error() && { return assert(!ok()), std::get<1>(std::move(content_)); }

  Result context(std::string_view where) && {
    if (ok()) return std::move(*this);
    return std::move(*this).error().context(where);
  }

 private:
  std::variant<T, Error> content_;
};

struct Ok {};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Ok) {}
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const& { return assert(!ok_), error_; }
  Error&& error() && { return assert(!ok_), std::move(error_); }

  Result context(std::string_view where) && {
    if (ok_) return {};
    return std::move(error_).context(where);
  }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace bdaas

#define BDAAS_JOIN_(a, b) a##b
#define BDAAS_JOIN(a, b) BDAAS_JOIN_(a, b)

// BDAAS_TRY(expr): leaves the function with the error of a Result<void>.
#define BDAAS_TRY(...)                                                      \
  do {                                                                      \
    auto bdaas_try_result = (__VA_ARGS__);                                  \
    if (!bdaas_try_result.ok()) return std::move(bdaas_try_result).error(); \
  } while (false)

// BDAAS_ASSIGN(auto x, expr): declares x with the value, or leaves with the error.
#define BDAAS_ASSIGN_(result, target, ...)            \
  auto result = (__VA_ARGS__);                        \
  if (!result.ok()) return std::move(result).error(); \
  target = std::move(result).value()
#define BDAAS_ASSIGN(target, ...) \
  BDAAS_ASSIGN_(BDAAS_JOIN(bdaas_assign_, __LINE__), target, __VA_ARGS__)
