// The host's end of the socket to its requester. One thread; never blocks but in tell_last.
#pragma once

#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "model/host_protocol.h"

namespace porpoise {

class ControlLink {
 public:
  explicit ControlLink(UniqueFd fd) : fd_(std::move(fd)) {}  // none: there is no requester

  int fd() const { return fd_.get(); }
  bool connected() const { return static_cast<bool>(fd_); }

  // Dropped when the requester does not keep up: what counts is on disk.
  void tell(const HostMessage& message);
  // Waits up to kTellLimit for room.
  void tell_last(const HostMessage& message);

  // What has come; afterwards connected() is false when the requester is gone. Messages that make no sense are skipped.
  std::vector<RequesterMessage> receive();

 private:
  UniqueFd fd_;
};

}  // namespace porpoise
