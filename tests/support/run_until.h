// Handles events until something has come true: a test waits for that, with a deadline, and never for an amount of
// time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

namespace porpoise::support {

// False when it has not come true in time.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::seconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < end) {
    io.restart();  // it stops when it has nothing to do for a moment
    io.run_one_for(std::chrono::milliseconds(20));
  }
  return done();
}

}  // namespace porpoise::support
