// Tells systemd how the daemon is doing (sd_notify(3)), without libsystemd. Silent when systemd has not asked.
//
// One, owned by Daemon; any thread. A message waits at most a second for its receiver.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// Values of the environment variables; empty when unset.
struct NotifyEnvironment {
  std::string_view notify_socket = {};
  std::string_view watchdog_usec = {};
  std::string_view watchdog_pid = {};
};

class SdNotify {
 public:
  // ErrorCode::kInvalid for values that systemd would not write.
  static Result<SdNotify> open(const NotifyEnvironment& environment);

  bool enabled() const { return static_cast<bool>(socket_); }
  // How often to call watchdog(): twice in the time after which systemd would end the daemon. Nothing: never.
  std::optional<std::chrono::microseconds> watchdog_period() const { return watchdog_period_; }

  Status ready() const { return send("READY=1"); }
  Status stopping() const { return send("STOPPING=1"); }
  Status watchdog() const { return send("WATCHDOG=1"); }
  Status status(std::string_view text) const;  // one line, as `systemctl status` shows it

 private:
  SdNotify() = default;
  Status send(std::string_view message) const;

  UniqueFd socket_;      // none: disabled
  std::string address_;  // as the kernel wants it: an abstract one begins with a zero byte
  std::optional<std::chrono::microseconds> watchdog_period_;
};

// Tells systemd, as often as it has asked for, that the daemon's thread still gets around to its work (WatchdogSec=).
//
// Owned by Daemon; lives on one io_context, whose health it shows.
class Watchdog {
 public:
  Watchdog(boost::asio::io_context& io, const SdNotify& systemd) : systemd_(systemd), timer_(io) { arm(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void arm() {
    const auto period = systemd_.watchdog_period();
    if (!period) return;
    timer_.expires_after(*period);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      (void)systemd_.watchdog();
      arm();
    });
  }

  const SdNotify& systemd_;
  boost::asio::steady_timer timer_;
};

}  // namespace porpoise
