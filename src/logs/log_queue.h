// The requests for logs of all peers, and the memory that their answers may take: a turn is reserved in bytes before it
// is made, and what it gave is counted until it has been written.
//
// Turns go round among peers. Of a connection one request is answered at a time; the next piece is made when the last
// one has been written, so that a peer which asks for many large logs at once gets them all, and memory holds one
// piece.
//
// Owned by the FrameRouter; the control thread, with the reading on LogThread's. Who asks on and does not read is let
// go of. A request that did not get its turn in time is answered all the same.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/network_address.h"
#include "logs/log_service.h"
#include "net/connection.h"
#include "wire/messages.h"

namespace porpoise {

struct LogQueueLimits {
  std::size_t answers = 40U << 20U;  // bytes of pieces that are made or wait to be written
  std::size_t answers_of_a_peer = 4U << 20U;
  std::size_t requests = 8U << 20U;                    // bytes of requests that wait
  std::size_t requests_of_a_connection = 512U << 10U;  // thousands, of one that asks and does not read
};

// Whose turn it is: among peers, and then among the connections of each, so that one that asks with a hundred
// connections waits as long as one that asks with one.
//
// A value; pure. Those that are quick come first, but not always: every fourth turn is for one that takes long.
class FairTurns {
 public:
  enum class Pace { kQuick, kLong };

  // It waits for one turn, behind the others of its peer.
  void add(const IpBytes& peer, std::uint64_t connection, Pace pace);
  void remove(std::uint64_t connection);

  // The next one of a peer that `may` have a turn; it does not wait any more.
  std::optional<std::uint64_t> next(const std::function<bool(const IpBytes& peer)>& may);

 private:
  struct Peer {
    IpBytes address;
    std::deque<std::uint64_t> connections;  // at least one
  };
  using Ring = std::deque<Peer>;  // the one that has waited longest stands first
  static std::optional<std::uint64_t> take(Ring& ring, const std::function<bool(const IpBytes& peer)>& may);

  Ring quick_;
  Ring long_;
  int quick_in_a_row_ = 0;
};

class LogQueue : public std::enable_shared_from_this<LogQueue> {
 public:
  // Borrowed. Make it shared: answers may come when it is gone.
  LogQueue(boost::asio::io_context& io, LogThread& logs, LogQueueLimits limits = {})
      : logs_(logs), limits_(limits), tick_(io) {}

  // The answer goes to the connection, with that opaque.
  void ask(const std::shared_ptr<Connection>& connection, LogRequest request, std::int64_t opaque);

  std::size_t held_bytes() const { return held_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    std::shared_ptr<LogJob> job;
    Clock::time_point until;  // then it is answered with what there is
  };
  struct Queue {
    std::shared_ptr<Connection> connection;
    std::deque<Waiting> requests;  // the first one is being answered
    std::size_t request_bytes = 0;
    std::size_t held = 0;  // for the answer
    bool in_turn = false;  // LogThread works for it
    bool begun = false;    // a part of the answer has been sent
  };

  void give_turns();
  void take_piece(Connection::Id id, Result<LogPiece> piece);
  void send(Queue& queue, LogPiece piece);
  void written(Connection::Id id, bool last);
  void finish_first(Connection::Id id);
  void hold(Queue& queue, std::size_t bytes);
  void forget(Connection::Id id);
  void tick();
  void answer_overdue();

  LogThread& logs_;
  const LogQueueLimits limits_;
  boost::asio::steady_timer tick_;
  bool ticking_ = false;
  std::map<Connection::Id, Queue> queues_;
  std::map<IpBytes, std::size_t> held_by_peer_;
  FairTurns turns_;
  bool in_turn_ = false;
  std::size_t held_ = 0;
  std::size_t request_bytes_ = 0;
};

}  // namespace porpoise
