// The shared page: the last snapshot of one telemetry child, in a memfd that the child writes and
// the service reads without a message. A seqlock: odd while a write is under way. A new child gets
// a new page, so a child that died in the middle of a write corrupts nothing that comes after it.
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
  // What the child is in: "in a call since" for a reader that has no answer.
  probes::CurrentCall where;
  std::uint64_t padding[11];
  alignas(8) unsigned char snapshot[sizeof(probes::Snapshot)];
};
static_assert(offsetof(Page, snapshot) == 192);

// A sealed memfd mapped for writing; null and errno when there is none to be had.
Page* create_page(int* descriptor);
// Maps a page that another process created; null when it is not one.
Page* map_page(int descriptor, bool writable);
void unmap_page(Page* page);

void publish(Page* page, const probes::Snapshot& snapshot);

struct PageReading {
  std::uint64_t generation;
  std::uint64_t published_ns;
  std::uint32_t size;
};
// Copies the last snapshot to `out`. False: nothing published yet, or the writer kept writing for
// `kReadAttempts` tries; the caller then goes on with the copy it has.
constexpr int kReadAttempts = 64;
bool read_page(const Page& page, void* out, std::size_t capacity, PageReading* reading);

}  // namespace gpuprobe::wire
