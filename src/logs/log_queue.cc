#include "logs/log_queue.h"

#include <string>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxWaitingBytes = 1U << 20U;  // thousands of requests, of a peer that asks and does not read
constexpr std::size_t kRequestBytes = 256;           // of one, without its path

std::size_t bytes_of(const LogRequest& request) {
  return kRequestBytes + std::visit([](const auto& one) { return one.path.size(); }, request);
}

}  // namespace

void LogQueue::ask(const std::shared_ptr<Connection>& connection, LogRequest request, std::int64_t opaque) {
  if (!connection->open()) return;
  Queue& queue = queues_[connection->id()];
  const std::size_t bytes = bytes_of(request);
  if (!queue.requests.empty() && queue.bytes + bytes > kMaxWaitingBytes)
    return connection->close("it asks for logs and does not read them: " + std::to_string(queue.requests.size()) +
                             " requests wait");
  queue.bytes += bytes;
  queue.requests.push_back({std::move(request), opaque});
  if (queue.requests.size() == 1) read(connection, queue);
}

void LogQueue::read(const std::shared_ptr<Connection>& connection, const Queue& queue) {
  const Waiting& first = queue.requests.front();
  logs_.ask(first.request, first.opaque, [weak = weak_from_this(), connection](std::string frame) {
    if (const auto self = weak.lock()) self->answer(connection, std::move(frame));
  });
}

void LogQueue::answer(const std::shared_ptr<Connection>& connection, std::string frame) {
  connection->send(std::move(frame));
  connection->after_sent([weak = weak_from_this(), peer = std::weak_ptr(connection)] {
    const auto self = weak.lock();
    if (const auto still = peer.lock(); self && still) self->go_on(still);
  });
}

void LogQueue::go_on(const std::shared_ptr<Connection>& connection) {
  const auto found = queues_.find(connection->id());
  Queue& queue = found->second;
  queue.bytes -= bytes_of(queue.requests.front().request);
  queue.requests.pop_front();
  if (!connection->open() || queue.requests.empty())
    queues_.erase(found);
  else
    read(connection, queue);
}

}  // namespace porpoise
