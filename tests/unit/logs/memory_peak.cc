#include "memory_peak.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> g_held{0};
std::atomic<std::size_t> g_peak{0};

void* take(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  const std::size_t held = g_held += ::malloc_usable_size(memory);
  std::size_t peak = g_peak;
  while (peak < held && !g_peak.compare_exchange_weak(peak, held)) continue;
  return memory;
}

void give_back(void* memory) {
  if (memory == nullptr) return;
  g_held -= ::malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete[](void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }

namespace porpoise {

MemoryPeak::MemoryPeak() : begin_(g_held) { g_peak = begin_; }
std::size_t MemoryPeak::bytes() const { return g_peak - begin_; }

}  // namespace porpoise
