#pragma once
// The agent's program on hosts behind SSH: brought there when it is missing, and asked. Used by the
// providers that borrow or rent such machines; the room transport implements it. Thread-safe;
// blocking, each call within its time-out.

#include "base/json.h"
#include "model/host_messages.h"
#include "model/ssh_login.h"

namespace bdaas {

class HostAgents {
 public:
  virtual ~HostAgents() = default;

  // One of the short commands of model/host_messages.h. Errors: those of RemoteHosts;
  // failed_precondition: it refuses, in its own sentence, or no agent fits the host.
  virtual Result<std::string> ask(const SshLogin& login, const std::string& base,
                                  std::string_view what, const std::string& question,
                                  Millis timeout) = 0;

  // Where the program lies on such a host.
  virtual std::string binary(const std::string& base) const = 0;
};

// A question and its answer as structs.
template <class Answer, class Question>
Result<Answer> ask_host(HostAgents& agents, const SshLogin& login, std::string_view what,
                        const Question& question, Millis timeout = Millis{30'000}) {
  BDAAS_ASSIGN(const auto text,
               agents.ask(login, question.base, what, write_json(to_json(question)), timeout));
  BDAAS_ASSIGN(const auto value, parse_json(text));
  return from_json<Answer>(value);
}

}  // namespace bdaas
