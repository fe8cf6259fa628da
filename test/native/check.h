// The framework of the C++ tests. Each test runs in a separate process, because a driver's answers
// depend on what its process had opened before, and because a test may hang or crash:
//   TEST("a whole frame arrives") { CHECK_EQ(0, send_frame(...)); }
// main() is in check.cc. It runs every test of the executable, or those whose names contain its
// first argument.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace gpuprobe::check {

// A chain of objects that the TEST macro defines, in the order of the file.
struct Registration {
  Registration(const char* test_name, void (*test_body)());
  const char* name;
  void (*body)();
  Registration* next = nullptr;
};

// Reports the first failure of the test, from any of its processes, and ends the process.
[[noreturn]] void fail(const char* file, int line, const std::string& what);

template <typename T>
std::string describe(const T& value) {
  if constexpr (std::is_same_v<T, std::nullptr_t>) {
    return "null";
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return '"' + std::string(std::string_view(value)) + '"';
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else {
    return std::to_string(value);
  }
}

template <typename Expected, typename Actual>
bool same(const Expected& expected, const Actual& actual) {
  if constexpr (std::is_convertible_v<const Actual&, std::string_view>) {
    return std::string_view(expected) == std::string_view(actual);
  } else if constexpr (std::is_integral_v<Expected> && std::is_integral_v<Actual>) {
    // -1 must not compare equal to the largest unsigned number.
    if constexpr (std::is_signed_v<Expected> && !std::is_signed_v<Actual>) {
      if (expected < 0) return false;
    }
    if constexpr (!std::is_signed_v<Expected> && std::is_signed_v<Actual>) {
      if (actual < 0) return false;
    }
    using Common = std::common_type_t<Expected, Actual>;
    return static_cast<Common>(expected) == static_cast<Common>(actual);
  } else {
    return expected == actual;
  }
}

template <typename Expected, typename Actual>
void equal(const char* file, int line, const char* text, const Expected& expected,
           const Actual& actual) {
  if (same(expected, actual)) return;
  fail(file, line, std::string(text) + " is " + describe(actual) + ", not " + describe(expected));
}

// Runs `body` in a child process and checks that it succeeds.
template <typename Body>
void in_child(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = -1;
  const bool waited = waitpid(pid, &status, 0) == pid;
  if (!waited || status != 0) {
    fail(__FILE__, __LINE__, "the child ended with status " + std::to_string(status));
  }
}

}  // namespace gpuprobe::check

#define CHECK_JOIN_AGAIN(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_AGAIN(a, b)

#define TEST(name)                                                                 \
  static void CHECK_JOIN(test_at_, __LINE__)();                                    \
  static const gpuprobe::check::Registration CHECK_JOIN(registered_at_, __LINE__)( \
      name, CHECK_JOIN(test_at_, __LINE__));                                       \
  static void CHECK_JOIN(test_at_, __LINE__)()

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) gpuprobe::check::fail(__FILE__, __LINE__, #condition " is false"); \
  } while (0)

// CHECK_EQ(expected, actual): numbers, enumerators or text.
#define CHECK_EQ(expected, actual) \
  gpuprobe::check::equal(__FILE__, __LINE__, #actual, expected, actual)
