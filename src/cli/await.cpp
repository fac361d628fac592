#include "cli/await.h"

#include "cli/waker.h"

namespace bdaas::cli {

namespace {

constexpr Millis kBetweenLooks{250};

}  // namespace

Result<json::value> await_row(const Api& api, std::string_view path,
                              const std::function<bool(const json::value& row)>& done) {
  Waker pause;  // nobody wakes it: the manager is asked again and again
  for (;;) {
    BDAAS_ASSIGN(auto row, api.get(path));
    if (done(row)) return row;
    (void)pause.wait(kBetweenLooks);
  }
}

}  // namespace bdaas::cli
