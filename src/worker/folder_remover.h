// Removes the folders of forgotten tasks beside the control thread: on some disks that takes longer than the task did.
//
// Owned by cli/worker.cc, used on the control thread. What is not removed when the worker ends is removed at its next
// start (TaskStore::scan).
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "base/blocking_calls.h"
#include "base/result.h"

namespace porpoise {

class FolderRemover {
 public:
  // `on_problem` is called on the control thread.
  FolderRemover(boost::asio::io_context& control, std::function<void(const std::string& problem)> on_problem);

  // What TaskStore::forget() gives: its error is a problem, too; an empty path is nothing to do.
  void remove(Result<std::filesystem::path> folder);

  // Removals given up on that have not come back yet.
  std::size_t hung() const { return calls_.hung(); }

 private:
  const std::function<void(const std::string&)> on_problem_;
  BlockingCalls calls_;
};

}  // namespace porpoise
