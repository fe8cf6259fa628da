// fuse_server FOLDER: mounts a file system over FOLDER in which every name is a file, and no read of
// one is ever answered: whoever reads sleeps uninterruptibly (D), and a SIGKILL does not end it
// until this server ends. Prints "ready" when it is so. By the kernel's protocol alone: libfuse is
// on few machines.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, FILE_NODE = 2, REQUEST_ROOM = 1 << 17 };

static int device;

static void answer(uint64_t unique, int error, const void* body, size_t size) {
  char reply[512];
  struct fuse_out_header header = {sizeof header + size, -error, unique};
  memcpy(reply, &header, sizeof header);
  if (size > 0) memcpy(reply + sizeof header, body, size);
  // A request that was given up meanwhile is refused; nothing is owed for it.
  if (write(device, reply, header.len) < 0 && errno != ENOENT) exit(1);
}

static struct fuse_attr attributes_of(uint64_t node) {
  struct fuse_attr attributes = {.ino = node, .nlink = 1, .size = 4096, .blksize = 4096};
  attributes.mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644;
  return attributes;
}

static void answer_opening(const struct fuse_in_header* request) {
  switch (request->opcode) {
    case FUSE_INIT: {
      const struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = 65536};
      answer(request->unique, 0, &init, sizeof init);
      return;
    }
    case FUSE_LOOKUP: {
      const struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes_of(FILE_NODE)};
      answer(request->unique, 0, &entry, sizeof entry);
      return;
    }
    case FUSE_GETATTR: {
      const struct fuse_attr_out attributes = {.attr = attributes_of(request->nodeid)};
      answer(request->unique, 0, &attributes, sizeof attributes);
      return;
    }
    case FUSE_OPEN: {
      // Past the page cache, so that the read is the reader's own request.
      const struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO};
      answer(request->unique, 0, &opened, sizeof opened);
      return;
    }
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
      return;
    default:
      answer(request->unique, ENOSYS, NULL, 0);
  }
}

static void nothing(int signal) { (void)signal; }

// Reads once, and is interrupted in it: the kernel then asks the server whether it takes interrupts.
// One that does not (ENOSYS) is waited for uninterruptibly from then on.
static pid_t start_first_reader(const char* folder) {
  const pid_t reader = fork();
  if (reader != 0) return reader;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close(device);
  signal(SIGALRM, nothing);
  char path[4096];
  char byte;
  snprintf(path, sizeof path, "%s/first", folder);
  const int file = open(path, O_RDONLY);
  _exit(read(file, &byte, 1) >= 0);
}

int main(int argc, char** argv) {
  static char buffer[REQUEST_ROOM];
  char options[128];
  if (argc != 2) return 64;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  if (device < 0 || mount("gpuprobe-test", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
    perror("fuse");
    return 1;
  }
  signal(SIGCHLD, SIG_IGN);  // not waited for: as it ends it closes the file, which asks this server
  const pid_t reader = start_first_reader(argv[1]);
  uint64_t first_read = 0;
  for (;;) {
    const ssize_t got = read(device, buffer, sizeof buffer);
    if (got < 0 && errno == ENODEV) return 0;  // unmounted
    if (got < (ssize_t)sizeof(struct fuse_in_header)) continue;
    const struct fuse_in_header* request = (const struct fuse_in_header*)buffer;
    if (request->opcode == FUSE_INTERRUPT) {
      answer(request->unique, ENOSYS, NULL, 0);
      answer(first_read, EIO, NULL, 0);
      puts("ready");
      fflush(stdout);
    } else if (request->opcode != FUSE_READ) {
      answer_opening(request);
    } else if (first_read == 0) {
      first_read = request->unique;
      kill(reader, SIGALRM);
    }
  }
}
