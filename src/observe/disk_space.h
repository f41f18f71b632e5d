// How much room the file systems of a few folders have, asked every few seconds beside the loop: a network's file
// system may not answer, and a scrape must not wait for it.
//
// Owned by Daemon; the control thread, on which answers arrive.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/blocking_calls.h"

namespace porpoise {

class DiskSpace {
 public:
  struct Room {
    std::uint64_t free_bytes = 0;  // for who is not root
    std::uint64_t size_bytes = 0;
  };
  using Folders = std::map<std::string, std::filesystem::path>;  // by what they are called in metrics

  // Asks at once.
  DiskSpace(boost::asio::io_context& io, Folders folders);
  DiskSpace(const DiskSpace&) = delete;
  DiskSpace& operator=(const DiskSpace&) = delete;

  // Of those that have answered the last time, within five seconds.
  const std::map<std::string, Room>& rooms() const { return rooms_; }
  std::size_t hung() const { return calls_.hung(); }

 private:
  void ask();
  void ask_about(const std::string& name, const std::filesystem::path& folder);

  const Folders folders_;
  std::map<std::string, Room> rooms_;
  std::set<std::string> asked_;  // not asked again before the answer
  boost::asio::steady_timer next_;
  BlockingCalls calls_;
};

}  // namespace porpoise
