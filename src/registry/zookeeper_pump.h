// Drives one zhandle_t of the single-threaded ZooKeeper C library from an io_context: its descriptor, its timeouts.
//
// Why not the library's own threads: with those a session cannot be left alive that may be connected without a chance
// of ending it, and version 3.8 changes servers in a way that is not safe while they run. As it is, a worker that hangs
// for 2/3 of the session timeout loses its session, which is what masters should see then.
//
// Lives on the thread of the io_context; owned by ZookeeperHandle. The library calls watchers and completions from
// within start(), step() and stop() and from events, so those must only post.
#pragma once

#include <zookeeper/zookeeper.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "base/result.h"

namespace porpoise {

class ZookeeperPump : public std::enable_shared_from_this<ZookeeperPump> {
 public:
  // Takes the handle.
  static Result<std::shared_ptr<ZookeeperPump>> start(boost::asio::io_context& io, zhandle_t* handle);
  ZookeeperPump(const ZookeeperPump&) = delete;
  ZookeeperPump& operator=(const ZookeeperPump&) = delete;
  ~ZookeeperPump() { stop(Ending::kLetGo); }

  zhandle_t* handle() const { return handle_; }  // null after stop()
  void step();                                   // after a call with handle(), which may have something to send

  enum class Ending {
    kLetGo,         // the session lives on in the server
    kCloseSession,  // if connected; blocks for up to 4.5 s when the server hangs
  };
  void stop(Ending ending);

 private:
  ZookeeperPump(boost::asio::io_context& io, zhandle_t* handle, int events);
  void wait_for_event();
  void process(int events);

  zhandle_t* handle_;
  int connection_ = -1;  // of the library, which closes it when it likes
  // An epoll instance with the connection in it: that forgets what is closed, where asio would have to be told before.
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer timer_;
};

}  // namespace porpoise
