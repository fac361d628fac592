#pragma once
// The native HTTP API as a service of the HTTP server: who may ask, which row of the table it is,
// what is answered.

#include <string>
#include <vector>

#include "api/context.h"
#include "api/http.h"
#include "api/route.h"
#include "base/secret.h"

namespace bdaas::api {

struct ApiAccess {
  Secret<std::string> token;  // of the one local user
  UserId user;
  std::vector<std::string>
      hosts;  // names, beside localhost and 127.x.y.z, under which we may be addressed
};

// Thread-safe; nothing changes after the constructor.
class Api final : public HttpService {
 public:
  Api(ApiContext context, ApiAccess access);
  Api(ApiContext context, ApiAccess access, std::vector<Route> routes);

  std::variant<HttpResponse, Admission> admit(const HttpRequest& head) override;
  HttpResponse refuse(int status, std::string_view sentence) override;
  void seal(const HttpRequest& request, HttpResponse& response) override;

  const std::string& openapi() const { return openapi_; }

 private:
  struct Row {
    Route route;
    std::vector<std::string> parts;  // of the path; "{…}" takes any
  };
  struct Match {
    const Row* row = nullptr;
    std::vector<std::string> path_values;
    std::string allow;  // methods of the path, when none fits
    bool open = false;  // nothing of the path wants a token
  };

  std::optional<HttpResponse> refuse_stranger(const HttpRequest& head) const;
  bool may_call_us(std::string_view host) const;
  bool knows_token(const HttpRequest& head) const;
  bool knows_cookie(const HttpRequest& head) const;
  std::optional<HttpResponse> refuse_nameless(const HttpRequest& head, const Match& found) const;
  Match match(const HttpRequest& head, const std::vector<std::string>& parts) const;
  std::optional<HttpResponse> refuse_body(const Route& route, const HttpRequest& head) const;
  Admission admission(const Row& row, std::vector<std::string> path_values) const;
  Route openapi_route() const;

  ApiContext context_;
  ApiAccess access_;
  std::vector<Row> rows_;
  std::string openapi_;
};

}  // namespace bdaas::api
