// Tells systemd, as often as it has asked for, that the daemon's thread still gets around to its work (WatchdogSec=).
//
// Made in main; lives on one io_context, whose health it shows.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "observe/sd_notify.h"

namespace porpoise {

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
