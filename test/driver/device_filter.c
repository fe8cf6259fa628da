// device_filter CGROUP MAJOR...: has the kernel refuse the devices of these majors to the processes of a cgroup of
// version 2, as container runtimes and systemd do. The filter lives as long as the cgroup.
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { most_majors = 8 };

static int bpf(int command, union bpf_attr* attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

// r0 = 0 (refuse) when ctx->major is one of them, else 1.
static int load_filter(int count, char** majors) {
  struct bpf_insn code[2 * most_majors + 4];
  int length = 0;
  code[length++] = (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
                                     .dst_reg = BPF_REG_2,
                                     .src_reg = BPF_REG_1,
                                     .off = offsetof(struct bpf_cgroup_dev_ctx, major)};
  code[length++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0};
  for (int i = 0; i < count; ++i) {
    // To the last instruction, past the comparisons that are left and the one that allows.
    code[length++] = (struct bpf_insn){.code = BPF_JMP | BPF_JEQ | BPF_K,
                                       .dst_reg = BPF_REG_2,
                                       .off = (short)(count - i),
                                       .imm = atoi(majors[i])};
  }
  code[length++] = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1};
  code[length++] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};

  static char log[4096];
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = (unsigned long)code;
  attributes.insn_cnt = (unsigned)length;
  attributes.license = (unsigned long)"GPL";
  attributes.log_buf = (unsigned long)log;
  attributes.log_size = sizeof log;
  attributes.log_level = 1;
  const int program = bpf(BPF_PROG_LOAD, &attributes);
  if (program < 0) fprintf(stderr, "BPF_PROG_LOAD: %m\n%s", log);
  return program;
}

int main(int argc, char** argv) {
  if (argc < 3 || argc > 2 + most_majors) return 64;
  const int program = load_filter(argc - 2, argv + 2);
  if (program < 0) return 1;
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (unsigned)open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  attributes.attach_bpf_fd = (unsigned)program;
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_ATTACH, &attributes) == 0) return 0;
  fprintf(stderr, "BPF_PROG_ATTACH: %m\n");
  return 1;
}
