// What the headers of a newer libstdc++ call and the library of an older one, which Node asks for
// (GLIBCXX_3.4.21), does not have. Defined here they come from nowhere else.
#include <cstdlib>
#include <new>

// The names are the library's own.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl58-cpp)

// Since GCC 11: std::allocator was asked for more than there can be.
namespace std {
void __throw_bad_array_new_length();
void __throw_bad_array_new_length() { abort(); }
}  // namespace std

// Since GCC 11, from glibc 2.32: whether std::shared_ptr may count without atomic operations.
// Never.
extern "C" {
extern __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming,cert-dcl58-cpp)
