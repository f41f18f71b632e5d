// The only source of chance in a simulation: the same seed gives the same run, on every machine and compiler.
#pragma once

#include <cstdint>

namespace porpoise::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {  // SplitMix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  // Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool percent(int chance) { return between(1, 100) <= chance; }
  // Mostly near `low`, now and then far from it: times of networks and people.
  std::int64_t skewed(std::int64_t low, std::int64_t high) {
    return percent(90) ? between(low, low + (high - low) / 20) : between(low, high);
  }

 private:
  std::uint64_t state_;
};

}  // namespace porpoise::simulation
