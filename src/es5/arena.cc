#include "es5/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace porpoise {
namespace {

// Before each block stands its class; 16 bytes keep what follows aligned.
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kSmallestBlock = 32;

std::size_t& class_of(void* block) {
  return *static_cast<std::size_t*>(static_cast<void*>(static_cast<char*>(block) - kHeaderBytes));
}

void*& next_of(void* block) { return *static_cast<void**>(block); }

}  // namespace

Arena::Arena(std::size_t bytes) {
  void* const mapping =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return;
  begin_ = static_cast<char*>(mapping);
  size_ = bytes;
}

Arena::~Arena() {
  if (begin_ != nullptr) ::munmap(begin_, size_);
}

void* Arena::allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes > size_) {
    refused_ = true;
    return nullptr;
  }
  const std::size_t block_bytes = std::bit_ceil(std::max(bytes + kHeaderBytes, kSmallestBlock));
  const auto size_class = static_cast<std::size_t>(std::countr_zero(block_bytes));
  if (void* const block = free_.at(size_class); block != nullptr) {
    free_.at(size_class) = next_of(block);
    return block;
  }
  if (block_bytes > size_ - used_) {
    refused_ = true;
    return nullptr;
  }
  void* const block = begin_ + used_ + kHeaderBytes;
  used_ += block_bytes;
  class_of(block) = size_class;
  return block;
}

void* Arena::reallocate(void* block, std::size_t bytes) {
  if (block == nullptr) return allocate(bytes);
  if (bytes == 0) {
    release(block);
    return nullptr;
  }
  const std::size_t capacity = (std::size_t{1} << class_of(block)) - kHeaderBytes;
  if (bytes <= capacity) return block;
  void* const larger = allocate(bytes);
  if (larger == nullptr) return nullptr;  // the old block stays valid, as with realloc
  std::memcpy(larger, block, capacity);
  release(block);
  return larger;
}

void Arena::release(void* block) {
  if (block == nullptr) return;
  void*& head = free_.at(class_of(block));
  next_of(block) = head;
  head = block;
}

}  // namespace porpoise
