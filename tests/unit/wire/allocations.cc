#include "unit/wire/allocations.h"

#include <cstdlib>
#include <new>

namespace porpoise::wire {
std::atomic<std::size_t> largest_allocation = 0;
}

// Of the whole program; in a file of its own, because GCC warns of free() wherever it can see into these.
void* operator new(std::size_t size) {
  if (size > porpoise::wire::largest_allocation) porpoise::wire::largest_allocation = size;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
