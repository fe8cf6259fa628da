// The shared page: the last snapshot of one telemetry child, in a memfd that the child writes and
// the service reads without a message. A seqlock: odd while a write is in progress. A new child
// gets a new page, so a child that died in the middle of a write corrupts nothing later.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "probes/current_call.h"
#include "probes/snapshot.h"

namespace gpuprobe::wire {

struct Page {
  std::uint32_t magic;
  std::uint32_t version;
  std::atomic<std::uint64_t> sequence;
  std::atomic<std::uint64_t> generation;    // snapshots published
  std::atomic<std::uint64_t> published_ns;  // CLOCK_MONOTONIC of the last one
  std::atomic<std::uint32_t> size;          // bytes of the last one
  std::uint32_t reserved;
  // The child's current call: "in a call since" for a reader that gets no answer.
  probes::CurrentCall where;
  std::uint64_t padding[11];
  alignas(8) unsigned char snapshot[sizeof(probes::Snapshot)];
};
static_assert(offsetof(Page, snapshot) == 192);

// Creates a sealed memfd, mapped for writing. Returns null and errno on failure.
Page* create_page(int* descriptor);
// Maps a page that another process created. Returns null if it is not a page.
Page* map_page(int descriptor, bool writable);
void unmap_page(Page* page);

void publish(Page* page, const probes::Snapshot& snapshot);

struct PageReading {
  std::uint64_t generation;
  std::uint64_t published_ns;
  std::uint32_t size;
};
// Copies the last snapshot to `out`. Returns false if nothing is published yet, or the writer kept
// writing for `kReadAttempts` attempts; the caller then uses its last copy.
constexpr int kReadAttempts = 64;
bool read_page(const Page& page, void* out, std::size_t capacity, PageReading* reading);

}  // namespace gpuprobe::wire
