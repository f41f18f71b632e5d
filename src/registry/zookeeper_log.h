// Lines of the ZooKeeper C library's log, instead of on stderr. Its callback has no context argument, so this is one
// list per process: every ZookeeperLog that lives hears every line.
//
// Any thread; lines come on the thread that called the library.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <string_view>

namespace porpoise {

class ZookeeperLog {
 public:
  using Line = std::function<void(std::string line)>;

  explicit ZookeeperLog(Line line);
  ZookeeperLog(const ZookeeperLog&) = delete;
  ZookeeperLog& operator=(const ZookeeperLog&) = delete;
  ~ZookeeperLog();

  // What zookeeper_init2 takes.
  static void (*callback())(const char* message);

 private:
  std::list<Line>::iterator place_;
};

// "2024-01-31 12:00:00,000:7(0x7f):ZOO_WARN@connect@12: text" -> "text".
std::string strip_log_prefix(std::string_view message);

// Why a connection failed, from a line about a socket: "10.0.0.1:2181: Connection refused". Empty: it is about
// something else. For people only: the C client has no other place where it says that.
std::string connection_problem(std::string_view line);

}  // namespace porpoise
