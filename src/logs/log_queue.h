// One log request of a connection at a time: the next is read when the answer to the last has been written, so that a
// peer which asks for many large logs at once gets them all, and memory holds one.
//
// Owned by the FrameRouter; the control thread, with the reading on LogThread's. Who asks on and does not read is let
// go of.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "logs/log_thread.h"
#include "net/connection.h"
#include "wire/messages.h"

namespace porpoise {

class LogQueue : public std::enable_shared_from_this<LogQueue> {
 public:
  // Borrowed. Make it shared: answers may come when it is gone.
  explicit LogQueue(LogThread& logs) : logs_(logs) {}

  // The answer goes to the connection, with that opaque.
  void ask(const std::shared_ptr<Connection>& connection, LogRequest request, std::int64_t opaque);

 private:
  struct Waiting {
    LogRequest request;
    std::int64_t opaque;
  };
  struct Queue {
    std::deque<Waiting> requests;  // the first one is being read or written
    std::size_t bytes = 0;
  };

  void read(const std::shared_ptr<Connection>& connection, const Queue& queue);
  void answer(const std::shared_ptr<Connection>& connection, std::string frame);
  void go_on(const std::shared_ptr<Connection>& connection);

  LogThread& logs_;
  std::map<Connection::Id, Queue> queues_;
};

}  // namespace porpoise
