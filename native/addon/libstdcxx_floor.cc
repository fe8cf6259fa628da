// Symbols that the headers of a newer libstdc++ use, but an older libstdc++, which Node requires
// (GLIBCXX_3.4.21), lacks. Because they are defined here, they are not imported.
#include <cstdlib>
#include <new>

// libstdc++ and glibc dictate these names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl58-cpp)

// Since GCC 11: called if std::allocator was asked for more than the maximum size.
namespace std {
void __throw_bad_array_new_length();
void __throw_bad_array_new_length() { abort(); }
}  // namespace std

// Since GCC 11, from glibc 2.32: whether std::shared_ptr may count without atomic operations.
// Always 0, which means no.
extern "C" {
extern __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl58-cpp)
