#include "api/answers.h"

#include "base/utf8.h"

namespace bdaas::api {

int status_of(ErrorKind kind) {
  using enum ErrorKind;
  switch (kind) {
    case invalid_argument:
      return 400;
    case unauthenticated:
      return 401;
    case permission_denied:
      return 403;
    case not_found:
      return 404;
    case conflict:
      return 409;
    case failed_precondition:
      return 412;
    case resource_exhausted:
      return 429;
    case throttled:
      return 429;
    case cancelled:
      return 499;
    case internal:
      return 500;
    case corrupted:
      return 500;
    case unknown_outcome:
      return 502;
    case unavailable:
      return 503;
    case deadline_exceeded:
      return 504;
  }
  return 500;
}

HttpResponse json_response(int status, const json::value& value) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = write_json(value)};
}

HttpResponse error_response(const Error& error) {
  return error_response(status_of(error.kind), error);
}

HttpResponse error_response(int status, const Error& error) {
  // The sentence may quote what the client sent, which may be any bytes.
  return json_response(status, to_json(ErrorAnswer{{error.kind, repair_utf8(error.message)}}));
}

}  // namespace bdaas::api
