// The host's end of the socket to its requester, and where a later requester comes in when that one has died.
//
// Owned by the host. One thread; never blocks but in tell_last, and answers whoever asks whether the host lives.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "model/host_protocol.h"

namespace porpoise {

class ControlLink {
 public:
  explicit ControlLink(UniqueFd fd) : fd_(std::move(fd)) {}  // none: there is no requester

  // Lets later requesters in: the last one to come is the one that is listened to. With `proof` that is its first word,
  // and who says anything else is turned away.
  Status listen(const std::filesystem::path& state_dir, std::string proof);

  int fd() const { return fd_.get(); }
  int listener() const { return listener_.get(); }
  int stranger() const { return stranger_.get(); }  // has not proved yet who it is
  bool connected() const { return static_cast<bool>(fd_); }

  // Dropped when the requester does not keep up: what counts is on disk.
  void tell(const HostMessage& message);
  // Waits up to kTellLimit for room.
  void tell_last(const HostMessage& message);

  // The orders that have come; afterwards connected() is false when the requester is gone. Questions are answered here,
  // messages that make no sense are skipped.
  std::vector<CancelMessage> receive();
  // True once after a requester has gone.
  bool take_loss() { return std::exchange(lost_, false); }
  // There is something for receive() or take_loss() without anything new coming in.
  bool has_news() const { return !orders_.empty() || lost_; }

  // Does what may take long, like removing a large folder, on a thread of its own, and answers questions meanwhile, for
  // kBusyLimit at most: after that this host is as good as hung. Orders are kept for receive().
  void answer_while(const std::function<void()>& work);

 private:
  void read();
  void let_in();

  UniqueFd fd_;
  UniqueFd listener_;
  UniqueFd stranger_;
  std::string proof_;
  std::vector<CancelMessage> orders_;
  bool lost_ = false;
};

}  // namespace porpoise
