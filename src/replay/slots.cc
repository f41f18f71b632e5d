#include "replay/slots.h"

namespace porpoise {

Slots::Ticket Slots::request(int priority, std::function<void()> grant) {
  const Ticket ticket{priority, next_number_++};
  waiting_.emplace(ticket, std::move(grant));
  grant_next();
  return ticket;
}

void Slots::release() {
  ++free_;
  grant_next();
}

void Slots::grant_next() {
  if (free_ == 0 || waiting_.empty()) return;
  --free_;
  const auto next = waiting_.extract(waiting_.begin());
  next.mapped()();
}

}  // namespace porpoise
