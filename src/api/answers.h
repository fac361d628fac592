#pragma once
// Results and errors as HTTP responses.

#include "api/http.h"
#include "api/requests.h"
#include "base/json.h"

namespace bdaas::api {

int status_of(ErrorKind kind);

HttpResponse json_response(int status, const json::value& value);

// {"error": {"kind", "message"}}. A status other than the kind's own is for what HTTP has a word of
// its own for.
HttpResponse error_response(const Error& error);
HttpResponse error_response(int status, const Error& error);

}  // namespace bdaas::api
