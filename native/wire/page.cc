#include "wire/page.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/raw_stat.h"

namespace gpuprobe::wire {
namespace {

constexpr std::uint32_t kPageMagic = 0x45474150;  // "PAGE"
constexpr std::uint32_t kPageVersion = 1;

}  // namespace

Page* create_page(int* descriptor) {
  *descriptor = memfd_create("gpuprobe-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (*descriptor < 0) return nullptr;
  // Sealed against resizing: a reader must not get SIGBUS because a driver corrupted the writer.
  const bool sized =
      ftruncate(*descriptor, sizeof(Page)) == 0 &&
      // mutation: page-seal
      fcntl(*descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  void* memory =
      sized ? mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, *descriptor, 0)
            : MAP_FAILED;
  if (memory == MAP_FAILED) {
    close(*descriptor);
    *descriptor = -1;
    return nullptr;
  }
  auto* page = static_cast<Page*>(memory);
  page->magic = kPageMagic;
  page->version = kPageVersion;
  return page;
}

Page* map_page(int descriptor, bool writable) {
  struct stat status;
  if (driver::raw_fstat(descriptor, &status) != 0 || status.st_size != sizeof(Page)) return nullptr;
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* memory = mmap(nullptr, sizeof(Page), protection, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* page = static_cast<Page*>(memory);
  if (page->magic == kPageMagic && page->version == kPageVersion) return page;
  unmap_page(page);
  return nullptr;
}

void unmap_page(Page* page) { munmap(page, sizeof(Page)); }

void publish(Page* page, const probes::Snapshot& snapshot) {
  const std::uint64_t sequence = page->sequence.load(std::memory_order_relaxed) | 1;
  page->sequence.store(sequence, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  probes::pack(snapshot, page->snapshot);
  probes::SnapshotHeader header;
  memcpy(&header, page->snapshot, sizeof header);
  page->size.store(header.size, std::memory_order_relaxed);
  page->published_ns.store(probes::monotonic_ns(), std::memory_order_relaxed);
  page->generation.fetch_add(1, std::memory_order_relaxed);
  page->sequence.store(sequence + 1, std::memory_order_release);
}

bool read_page(const Page& page, void* out, std::size_t capacity, PageReading* reading) {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const std::uint64_t before = page.sequence.load(std::memory_order_acquire);
    if (before == 0) return false;
    // mutation: odd-sequence
    if ((before & 1) != 0) continue;
    reading->size = page.size.load(std::memory_order_relaxed);
    reading->generation = page.generation.load(std::memory_order_relaxed);
    reading->published_ns = page.published_ns.load(std::memory_order_relaxed);
    // mutation: page-size-bound
    if (reading->size > capacity || reading->size > sizeof page.snapshot) return false;
    memcpy(out, page.snapshot, reading->size);
    std::atomic_thread_fence(std::memory_order_acquire);
    // mutation: seqlock-recheck
    if (page.sequence.load(std::memory_order_relaxed) == before) return true;
  }
  return false;
}

}  // namespace gpuprobe::wire
