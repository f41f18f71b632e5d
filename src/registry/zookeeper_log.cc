#include "registry/zookeeper_log.h"

#include <mutex>
#include <utility>

namespace porpoise {
namespace {

struct Listeners {
  std::mutex mutex;
  std::list<ZookeeperLog::Line> all;
};
Listeners& listeners() {
  static Listeners all;
  return all;
}

void tell(const char* message) {
  const std::string line = strip_log_prefix(message);
  const std::lock_guard lock(listeners().mutex);
  for (const auto& hear : listeners().all) hear(line);
}

}  // namespace

ZookeeperLog::ZookeeperLog(Line line) {
  const std::lock_guard lock(listeners().mutex);
  place_ = listeners().all.insert(listeners().all.end(), std::move(line));
}

ZookeeperLog::~ZookeeperLog() {
  const std::lock_guard lock(listeners().mutex);
  listeners().all.erase(place_);
}

void (*ZookeeperLog::callback())(const char*) { return &tell; }

std::string strip_log_prefix(std::string_view message) {
  const auto level = message.find("ZOO_");
  const auto end = level == std::string_view::npos ? level : message.find(": ", level);
  std::string_view text = end == std::string_view::npos ? message : message.substr(end + 2);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

std::string connection_problem(std::string_view line) {
  constexpr std::string_view kSocket = "Socket ";
  if (!line.starts_with(kSocket)) return {};
  const auto server_end = line.find(" zk retcode=");
  const auto number = line.find("errno=");
  if (server_end == std::string_view::npos || number == std::string_view::npos) return {};
  const auto open = line.find('(', number);
  const auto close = line.find("): ", number);
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  if (line.find("has expired", close) != std::string_view::npos) return {};  // that server answered
  return std::string(line.substr(kSocket.size(), server_end - kSocket.size())) + ": " +
         std::string(line.substr(open + 1, close - open - 1));
}

}  // namespace porpoise
