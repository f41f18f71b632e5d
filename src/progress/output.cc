#include "progress/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace porpoise {
namespace {

winsize window_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {24, 80, 0, 0};
  return size;
}

// True when writing is worth another try.
bool wait_writable(int fd) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;  // EPIPE, EIO (the terminal is gone), ENOSPC
  pollfd ready{fd, POLLOUT, 0};
  return ::poll(&ready, 1, -1) >= 0 || errno == EINTR;
}

}  // namespace

OutputTraits decide_traits(bool is_tty, const ColorWishes& wishes) {
  OutputTraits traits;
  traits.terminal = is_tty && wishes.term != "dumb";
  const bool forced = !wishes.clicolor_force.empty() && wishes.clicolor_force != "0";
  const bool forbidden = wishes.no_color_option || !wishes.no_color.empty();
  traits.colors = !forbidden && (traits.terminal || forced);
  return traits;
}

void Output::write(std::string_view text) {
  while (!closed_ && !text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (!wait_writable(fd_))
      closed_ = true;
  }
}

std::size_t Output::columns() const { return traits_.terminal ? window_of(fd_).ws_col : 0; }
std::size_t Output::lines() const { return traits_.terminal ? window_of(fd_).ws_row : 0; }

}  // namespace porpoise
