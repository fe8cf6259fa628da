// Entry point of the warden, in place of the C library's crt1.o. The build machine's crt1.o may
// need __libc_start_main of glibc 2.34, and so a newer system than Node itself needs.
// native/glibc_floor.h selects the older version, which every glibc has. That version runs
// constructors itself if it is given no init function.
#if defined(__x86_64__)

__asm__(R"(
  .text
  .globl _start
  .type _start, @function
_start:
  xorl %ebp, %ebp
  movq %rdx, %r9
  popq %rsi
  movq %rsp, %rdx
  andq $-16, %rsp
  pushq %rax
  pushq %rsp
  xorl %r8d, %r8d
  xorl %ecx, %ecx
  leaq main(%rip), %rdi
  call *__libc_start_main@GOTPCREL(%rip)
  hlt
  .size _start, . - _start
)");

#elif defined(__aarch64__)

__asm__(R"(
  .text
  .globl _start
  .type _start, %function
_start:
  mov x29, #0
  mov x30, #0
  mov x5, x0
  ldr x1, [sp]
  add x2, sp, #8
  mov x6, sp
  adrp x0, main
  add x0, x0, :lo12:main
  mov x3, #0
  mov x4, #0
  bl __libc_start_main
  brk #0
  .size _start, . - _start
)");

#else
#error "build the warden with the C library's own start here: leave this file and -nostartfiles out"
#endif
