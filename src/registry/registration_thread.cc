#include "registry/registration_thread.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/signals.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLook{1};

}  // namespace

// Hears the Registration on its thread, and passes on what it hears to the control thread.
class RegistrationThread::Relay final : public RegistrationListener, public std::enable_shared_from_this<Relay> {
 public:
  Relay(asio::io_context& control, const RegistrationSources& sources, RegistrationEvents& events,
        Clock::duration unwilling_after, Clock::duration lost_after)
      : control_(control),
        sources_(sources),
        on_thread_(events),
        events_(&events),
        unwilling_after_(unwilling_after),
        lost_after_(std::max(lost_after, unwilling_after)) {}

  // --- control thread

  void take(const LoopLevels& levels) {
    const std::lock_guard lock(mutex_);
    levels_ = levels;
    seen_ = Clock::now();
  }

  void end() { events_ = nullptr; }

  // --- the registration's thread

  void use(std::function<void(const std::string& why)> give_up) { give_up_ = std::move(give_up); }

  std::string heartbeat(std::int64_t startup_time_ms) override {
    LoopLevels levels;
    Clock::duration silent{};
    {
      const std::lock_guard lock(mutex_);
      levels = levels_;
      silent = Clock::now() - seen_;
    }
    if (silent >= unwilling_after_) levels.unwilling = true;
    // Twice: a process that was suspended as a whole finds out about that here first.
    const bool lost = silent >= lost_after_;
    if (std::exchange(suspect_, lost) && lost)
      give_up_("the worker's own loop has not come round for " +
               in_seconds(std::chrono::floor<std::chrono::seconds>(silent)));
    return sources_.heartbeat(startup_time_ms, levels);
  }

  void on_registered(bool resumed, std::int64_t startup_time_ms) override {
    tell([=](RegistrationEvents& events) { events.on_registered(resumed, startup_time_ms); });
  }
  void on_suspended() override {
    tell([](RegistrationEvents& events) { events.on_suspended(); });
  }
  void on_reconnected() override {
    tell([](RegistrationEvents& events) { events.on_reconnected(); });
  }
  void on_expired(std::string_view why) override {
    tell([text = std::string(why)](RegistrationEvents& events) { events.on_expired(text); });
  }
  void on_problem(const Error& error) override {
    tell([error](RegistrationEvents& events) { events.on_problem(error); });
  }
  void on_masters(const std::vector<std::string>& addresses) override {
    tell([addresses](RegistrationEvents& events) { events.on_masters(addresses); });
  }
  void on_warning(std::string_view line) override {
    tell([text = std::string(line)](RegistrationEvents& events) { events.on_warning(text); });
  }
  void on_log(std::string_view line) override {
    tell([text = std::string(line)](RegistrationEvents& events) { events.on_log(text); });
  }
  void on_alive(Clock::time_point sent, std::chrono::milliseconds session_timeout) override {
    on_thread_.on_alive(sent, session_timeout);
  }

 private:
  template <typename Event>
  void tell(Event event) {
    asio::post(control_, [weak = weak_from_this(), event = std::move(event)] {
      if (const auto self = weak.lock(); self && self->events_ != nullptr) event(*self->events_);
    });
  }

  asio::io_context& control_;
  const RegistrationSources& sources_;
  RegistrationEvents& on_thread_;  // outlives the thread
  RegistrationEvents* events_;     // null: there is no listener any more
  const Clock::duration unwilling_after_;
  const Clock::duration lost_after_;
  std::function<void(const std::string& why)> give_up_;
  bool suspect_ = false;
  std::mutex mutex_;  // of what follows
  LoopLevels levels_;
  Clock::time_point seen_ = Clock::now();
};

RegistrationThread::RegistrationThread(asio::io_context& control, RegistrationOptions options,
                                       RegistrationSources sources, RegistrationEvents& events,
                                       std::chrono::milliseconds unwilling_after)
    : control_(control),
      sources_(std::move(sources)),
      look_(control),
      work_(io_.get_executor()),
      relay_(std::make_shared<Relay>(control, sources_, events, unwilling_after, options.session_timeout)),
      registration_(io_, std::move(options), *relay_) {
  // Not from inside the heartbeat that finds it out: what asks for that would be gone then.
  relay_->use([this](const std::string& why) { asio::post(io_, [this, why] { registration_.give_up(why); }); });
  const BlockedSignals blocked;
  thread_ = std::thread([this] { io_.run(); });
}

RegistrationThread::~RegistrationThread() {
  relay_->end();
  work_.reset();
  io_.stop();
  thread_.join();
}

void RegistrationThread::start() {
  watch_levels();
  asio::post(io_, [this] { registration_.start(); });
}

void RegistrationThread::watch_levels() {
  relay_->take(sources_.levels());
  look_.expires_after(kLook);
  look_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) watch_levels();
  });
}

void RegistrationThread::refresh() {
  relay_->take(sources_.levels());
  asio::post(io_, [this] { registration_.refresh(); });
}

void RegistrationThread::register_again(std::int64_t startup_time_ms) {
  asio::post(io_, [this, startup_time_ms] { registration_.register_again(startup_time_ms); });
}

Status RegistrationThread::allow_takeover(bool allowed) { return registration_.allow_takeover(allowed); }

void RegistrationThread::close(std::function<void()> on_closed) {
  look_.cancel();
  relay_->end();
  asio::post(io_, [this, on_closed = std::move(on_closed)] {
    registration_.close();
    asio::post(control_, on_closed);
  });
}

}  // namespace porpoise
