// How many tasks may run at a time, and who is next: the highest priority, then whoever asked first.
//
// One thread. A grant is called from inside request() or release(), never after cancel().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace porpoise {

class Slots {
 public:
  using Ticket = std::pair<int, std::uint64_t>;  // priority (0 is the highest), number

  explicit Slots(std::size_t count) : free_(count) {}

  Ticket request(int priority, std::function<void()> grant);
  // For a request that was not granted yet; anything else is ignored.
  void cancel(Ticket ticket) { waiting_.erase(ticket); }
  // One for each grant.
  void release();

 private:
  void grant_next();

  std::size_t free_;
  std::uint64_t next_number_ = 0;
  std::map<Ticket, std::function<void()>> waiting_;
};

}  // namespace porpoise
