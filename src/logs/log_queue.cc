#include "logs/log_queue.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace porpoise {
namespace {

constexpr std::size_t kRequestBytes = 256;  // of one, without its path
constexpr std::chrono::milliseconds kTick{500};
constexpr int kQuickInARow = 3;

std::size_t bytes_of(const LogRequest& request) {
  return kRequestBytes + std::visit([](const auto& one) { return one.path.size(); }, request);
}

}  // namespace

void LogQueue::ask(const std::shared_ptr<Connection>& connection, LogRequest request, std::int64_t opaque) {
  if (!connection->open()) return;
  Queue& queue = queues_[connection->id()];
  queue.connection = connection;
  const std::size_t bytes = bytes_of(request);
  const bool too_many = queue.request_bytes + bytes > limits_.requests_of_a_connection;
  if (!queue.requests.empty() && (too_many || request_bytes_ + bytes > limits_.requests))
    return connection->close("it asks for logs and does not read them: " + std::to_string(queue.requests.size()) +
                             " requests wait");
  queue.request_bytes += bytes;
  request_bytes_ += bytes;
  queue.requests.push_back(
      {std::make_shared<LogJob>(LogJob{std::move(request), opaque, nullptr}), Clock::now() + logs_.limit()});
  if (queue.requests.size() > 1) return;
  turns_.add(connection->address(), connection->id(), FairTurns::Pace::kQuick);
  give_turns();
  tick();
}

// One turn is made at a time: there is one thread for them.
void LogQueue::give_turns() {
  while (!in_turn_) {
    const auto may = [this](const IpBytes& peer) {
      const auto holds = held_by_peer_.find(peer);
      return held_ < limits_.answers && (holds == held_by_peer_.end() || holds->second < limits_.answers_of_a_peer);
    };
    const auto id = turns_.next(may);
    if (!id) return;
    const auto found = queues_.find(*id);
    if (found == queues_.end()) continue;
    Queue& queue = found->second;
    if (!queue.connection->open()) {
      forget(*id);
      continue;
    }
    const Waiting& first = queue.requests.front();
    hold(queue, bytes_of_turn(first.job->request));
    in_turn_ = queue.in_turn = true;
    logs_.next(first.job, first.until <= Clock::now(), [weak = weak_from_this(), id = *id](Result<LogPiece> piece) {
      if (const auto self = weak.lock()) self->take_piece(id, std::move(piece));
    });
  }
}

void LogQueue::take_piece(Connection::Id id, Result<LogPiece> piece) {
  in_turn_ = false;
  if (const auto found = queues_.find(id); found != queues_.end()) {
    Queue& queue = found->second;
    queue.in_turn = false;
    if (!queue.connection->open())
      forget(id);
    else if (piece)
      send(queue, *std::move(piece));
    else if (queue.begun || piece.error().code() == ErrorCode::kCancelled)
      queue.connection->close("its answer cannot be completed: " + piece.error().message());
    else
      send(queue, {logs_.unread(*queue.requests.front().job), true});
  }
  give_turns();
}

void LogQueue::send(Queue& queue, LogPiece piece) {
  const auto connection = queue.connection;
  hold(queue, piece.bytes.size());
  if (piece.bytes.empty()) return turns_.add(connection->address(), connection->id(), FairTurns::Pace::kLong);
  queue.begun = true;
  connection->send(std::move(piece.bytes));
  connection->after_sent([weak = weak_from_this(), id = connection->id(), last = piece.last] {
    if (const auto self = weak.lock()) self->written(id, last);
  });
}

void LogQueue::written(Connection::Id id, bool last) {
  const auto found = queues_.find(id);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  if (!queue.connection->open())
    forget(id);
  else if (last)
    finish_first(id);
  else {
    hold(queue, 0);
    turns_.add(queue.connection->address(), id, FairTurns::Pace::kLong);
  }
  give_turns();
}

void LogQueue::finish_first(Connection::Id id) {
  Queue& queue = queues_.at(id);
  hold(queue, 0);
  const std::size_t bytes = bytes_of(queue.requests.front().job->request);
  queue.request_bytes -= bytes;
  request_bytes_ -= bytes;
  queue.requests.pop_front();
  queue.begun = false;
  if (queue.requests.empty()) return forget(id);
  queue.requests.front().until = Clock::now() + logs_.limit();
  turns_.add(queue.connection->address(), id, FairTurns::Pace::kQuick);
}

void LogQueue::hold(Queue& queue, std::size_t bytes) {
  std::size_t& of_peer = held_by_peer_[queue.connection->address()];
  of_peer = of_peer - queue.held + bytes;
  held_ = held_ - queue.held + bytes;
  queue.held = bytes;
  if (of_peer == 0) held_by_peer_.erase(queue.connection->address());
}

void LogQueue::forget(Connection::Id id) {
  const auto found = queues_.find(id);
  if (found == queues_.end()) return;
  hold(found->second, 0);
  request_bytes_ -= found->second.request_bytes;
  turns_.remove(id);
  queues_.erase(found);
}

// Peers that are gone are forgotten, and what waits for too long behind others is answered.
void LogQueue::tick() {
  if (queues_.empty() || std::exchange(ticking_, true)) return;
  tick_.expires_after(kTick);
  tick_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self) return;
    self->ticking_ = false;
    self->answer_overdue();
    self->tick();
  });
}

void LogQueue::answer_overdue() {
  std::vector<Connection::Id> closed, overdue;
  for (const auto& [id, queue] : queues_) {
    if (queue.in_turn) continue;  // take_piece() sees to it
    if (!queue.connection->open()) closed.push_back(id);
    // One whose answer was begun, or is being looked for, has had its turn and gets others.
    else if (!queue.begun && queue.requests.front().job->answer == nullptr &&
             queue.requests.front().until <= Clock::now())
      overdue.push_back(id);
  }
  for (const Connection::Id id : closed) forget(id);
  for (const Connection::Id id : overdue) {
    turns_.remove(id);
    Queue& queue = queues_.at(id);
    send(queue, {logs_.unread(*queue.requests.front().job), true});
  }
  give_turns();
}

// --- FairTurns ---

void FairTurns::add(const IpBytes& peer, std::uint64_t connection, Pace pace) {
  Ring& ring = pace == Pace::kQuick ? quick_ : long_;
  const auto known = std::find_if(ring.begin(), ring.end(), [&](const Peer& one) { return one.address == peer; });
  if (known == ring.end())
    ring.push_back({peer, {connection}});
  else
    known->connections.push_back(connection);
}

void FairTurns::remove(std::uint64_t connection) {
  for (Ring* const ring : {&quick_, &long_}) {
    for (Peer& peer : *ring) std::erase(peer.connections, connection);
    std::erase_if(*ring, [](const Peer& peer) { return peer.connections.empty(); });
  }
}

std::optional<std::uint64_t> FairTurns::next(const std::function<bool(const IpBytes& peer)>& may) {
  const bool long_first = quick_in_a_row_ >= kQuickInARow;
  auto taken = take(long_first ? long_ : quick_, may);
  quick_in_a_row_ = taken && !long_first ? quick_in_a_row_ + 1 : 0;
  if (!taken) taken = take(long_first ? quick_ : long_, may);
  return taken;
}

std::optional<std::uint64_t> FairTurns::take(Ring& ring, const std::function<bool(const IpBytes& peer)>& may) {
  const auto found = std::find_if(ring.begin(), ring.end(), [&](const Peer& peer) { return may(peer.address); });
  if (found == ring.end()) return std::nullopt;
  Peer peer = std::move(*found);
  ring.erase(found);
  const std::uint64_t connection = peer.connections.front();
  peer.connections.pop_front();
  if (!peer.connections.empty()) ring.push_back(std::move(peer));
  return connection;
}

}  // namespace porpoise
