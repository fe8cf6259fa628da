#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floors.h"

namespace gpuprobe::bench {
namespace {

using probes::monotonic_ns;

constexpr std::size_t kMessageBytes = 64;  // about a request's

// Answers each message until the other end closes.
[[noreturn]] void echo(int socket) {
  char message[kMessageBytes];
  while (recv(socket, message, sizeof message, 0) > 0) {
    if (send(socket, message, sizeof message, MSG_NOSIGNAL) < 0) break;
  }
  _exit(0);
}

struct Doorbells {
  int there;
  int back;
  std::size_t count;
};

bool ring(int bell) {
  const std::uint64_t one = 1;
  return write(bell, &one, sizeof one) == sizeof one;
}

bool hear(int bell) {
  std::uint64_t rung = 0;
  return read(bell, &rung, sizeof rung) == sizeof rung;
}

void* answer_bell(void* argument) {
  const auto* bells = static_cast<const Doorbells*>(argument);
  for (std::size_t i = 0; i < bells->count; ++i) {
    if (!hear(bells->there) || !ring(bells->back)) break;
  }
  return nullptr;
}

// Whose turn it is; a condition variable each way, as a queue between threads has.
struct Turn {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
  int player = 0;
  std::size_t count = 0;

  void wait_for(int wanted) {
    pthread_mutex_lock(&mutex);
    while (player != wanted) pthread_cond_wait(&changed[wanted], &mutex);
    pthread_mutex_unlock(&mutex);
  }
  void pass_to(int next) {
    pthread_mutex_lock(&mutex);
    player = next;
    pthread_cond_signal(&changed[next]);
    pthread_mutex_unlock(&mutex);
  }
};

void* answer_turn(void* argument) {
  auto* turn = static_cast<Turn*>(argument);
  for (std::size_t i = 0; i < turn->count; ++i) {
    turn->wait_for(1);
    turn->pass_to(0);
  }
  return nullptr;
}

}  // namespace

bool socketpair_round_trip(const Samples& samples) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return false;
  const pid_t pid = fork();
  if (pid == 0) {
    close(sockets[0]);
    echo(sockets[1]);
  }
  close(sockets[1]);
  char message[kMessageBytes] = {};
  bool whole = pid > 0;
  for (std::size_t i = 0; whole && i < samples.count; ++i) {
    const std::uint64_t started = monotonic_ns();
    whole = send(sockets[0], message, sizeof message, MSG_NOSIGNAL) > 0 &&
            recv(sockets[0], message, sizeof message, 0) > 0;
    samples.ns[i] = static_cast<double>(monotonic_ns() - started);
  }
  close(sockets[0]);
  if (pid > 0) waitpid(pid, nullptr, 0);
  return whole;
}

bool eventfd_hand_off(const Samples& samples) {
  Doorbells bells = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC), samples.count};
  pthread_t thread;
  bool whole = bells.there >= 0 && bells.back >= 0 &&
               pthread_create(&thread, nullptr, answer_bell, &bells) == 0;
  if (!whole) return false;
  for (std::size_t i = 0; whole && i < samples.count; ++i) {
    const std::uint64_t started = monotonic_ns();
    whole = ring(bells.there) && hear(bells.back);
    samples.ns[i] = static_cast<double>(monotonic_ns() - started);
  }
  pthread_join(thread, nullptr);
  close(bells.there);
  close(bells.back);
  return whole;
}

bool condition_hand_off(const Samples& samples) {
  Turn turn;
  turn.count = samples.count;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, answer_turn, &turn) != 0) return false;
  for (std::size_t i = 0; i < samples.count; ++i) {
    const std::uint64_t started = monotonic_ns();
    turn.pass_to(1);
    turn.wait_for(0);
    samples.ns[i] = static_cast<double>(monotonic_ns() - started);
  }
  pthread_join(thread, nullptr);
  return true;
}

}  // namespace gpuprobe::bench
