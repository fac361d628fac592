#include "model/agent_messages.h"

namespace bdaas {

std::string write_order(const Order& order) { return write_message(order); }
std::string write_report(const Report& report) { return write_message(report); }
Result<Order> read_order(std::string_view line) { return read_message<Order>(line); }
Result<Report> read_report(std::string_view line) { return read_message<Report>(line); }

std::int64_t seq_of(const Report& report) {
  return std::visit(
      [](const auto& body) -> std::int64_t {
        if constexpr (requires { body.seq; }) {
          return body.seq;
        } else {
          return 0;
        }
      },
      report);
}

}  // namespace bdaas
