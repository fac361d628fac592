// A small program with the habits of daemons and of users' programs, for tests/agent. Every mode is
// bounded: it ends by itself after two minutes.

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr unsigned kLifeSeconds = 120;

[[noreturn]] void wait_for_a_signal() {
  for (;;) ::pause();
}

// A listening socket, or -1.
int listen_at(const char* address, const char* port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  ::inet_pton(AF_INET, address, &at.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(fd, 16) != 0) {
    std::perror("listen");
    return -1;
  }
  return fd;
}

// serve ADDRESS PORT FILE: appends its pid to FILE, then listens.
int serve(char** words) {
  std::FILE* file = std::fopen(words[2], "a");
  std::fprintf(file, "%d\n", ::getpid());
  std::fclose(file);
  if (listen_at(words[0], words[1]) < 0) return 9;
  std::puts("serving");
  std::fflush(stdout);
  wait_for_a_signal();
}

// http ADDRESS PORT FILE: answers every request; "active" from when FILE exists, "standby" before.
int http(char** words) {
  const int fd = listen_at(words[0], words[1]);
  for (int peer = 0; fd >= 0 && (peer = ::accept(fd, nullptr, nullptr)) >= 0; ::close(peer)) {
    std::array<char, 4096> request;
    if (::recv(peer, request.data(), request.size(), 0) <= 0) continue;
    const std::string state = ::access(words[2], F_OK) == 0 ? "active" : "standby";
    const std::string answer = "HTTP/1.1 200 OK\r\n\r\n{\"State\": \"" + state + "\"}";
    ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  return 9;
}

// print MEBIBYTES: that many, in lines of 64 bytes; the last line is "the end".
int print(char** words) {
  std::string block;
  while (block.size() < 1u << 20)
    block += "0123456789012345678901234567890123456789012345678901234567890ab\n";
  for (int i = 0; i < std::atoi(words[0]); ++i) std::fwrite(block.data(), 1, block.size(), stdout);
  std::puts("the end");
  return 0;
}

// fail CODE TEXT: TEXT on stderr, CODE as exit code.
int fail(char** words) {
  std::fprintf(stderr, "%s\n", words[1]);
  return std::atoi(words[0]);
}

// create FILE: as mkdir does: refuses with 1 when it is there. A second word is a fifo whose writer
// lets it go on.
int create(char** words) {
  const int fd = ::open(words[0], O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) {
    std::perror(words[0]);
    return 1;
  }
  if (words[1] != nullptr) {
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(::open(words[1], O_RDONLY), &byte, 1);
  }
  return 0;
}

// daemonize FILE: leaves a grandchild of another session behind, its pid in FILE; then ends, or
// waits with a second word.
int daemonize(char** words) {
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::alarm(kLifeSeconds);
    const std::string part = std::string(words[0]) + ".part";
    std::FILE* file = std::fopen(part.c_str(), "w");
    std::fprintf(file, "%d\n", ::getpid());
    std::fclose(file);
    std::rename(part.c_str(), words[0]);
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    wait_for_a_signal();
  }
  if (words[1] != nullptr) wait_for_a_signal();
  struct stat status {};
  while (::stat(words[0], &status) != 0) ::sched_yield();
  return 0;
}

// leave: what a program may leave in its working directory.
int leave() {
  ::mkdir("plots", 0755);
  std::fputs("png", std::fopen("plots/1.png", "w"));
  std::fputs("weights", std::fopen("model.bin", "w"));
  if (::symlink("/etc/passwd", "secrets") != 0) return 8;
  return 0;
}

volatile std::sig_atomic_t terminated = 0;

// obey: says "ready", and after SIGTERM "bye" and leaves with 43.
int obey() {
  struct sigaction action {};
  action.sa_handler = [](int) { terminated = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  std::puts("ready");
  std::fflush(stdout);
  while (terminated == 0) ::pause();
  std::puts("bye");
  return 43;
}

// chat FIFO: prints every line that comes through the fifo, until its writers are gone.
int chat(char** words) {
  const int fd = ::open(words[0], O_RDONLY);
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    std::fwrite(buffer.data(), 1, static_cast<std::size_t>(got), stdout);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ::alarm(kLifeSeconds);
  const std::string mode = argc > 1 ? argv[1] : "";
  char** const words = argv + 2;
  if (mode == "serve" && argc == 5) return serve(words);
  if (mode == "http" && argc == 5) return http(words);
  if (mode == "print" && argc == 3) return print(words);
  if (mode == "fail" && argc == 4) return fail(words);
  if (mode == "create" && argc >= 3) return create(words);
  if (mode == "daemonize" && argc >= 3) return daemonize(words);
  if (mode == "leave") return leave();
  if (mode == "obey") return obey();
  if (mode == "chat" && argc == 3) return chat(words);
  if (mode == "wait") wait_for_a_signal();
  if (mode == "ignore-term") {
    ::signal(SIGTERM, SIG_IGN);
    wait_for_a_signal();
  }
  return 99;
}
