#include "simulation/registration.h"

#include <utility>

namespace porpoise::simulation {

void Registration::start() {
  startup_ms_ = parts_.timeline.now();
  if (const auto& saved = parts_.machine.session_file) {
    old_session_ = saved->session;
    purpose_ =
        saved->boot == parts_.machine.boot() && saved->address == parts_.address ? Purpose::kResume : Purpose::kEnd;
    if (purpose_ == Purpose::kResume) limit_session(Zookeeper::kTimeoutMs);
  }
  connect();
}

void Registration::connect() {
  if (!heard()) return;  // again when that changes
  parts_.later(parts_.random.between(5, 300), [this, attempt = ++attempt_] {
    if (attempt == attempt_ && heard()) connected();
  });
}

void Registration::connected() {
  Zookeeper& zookeeper = parts_.zookeeper;
  if (purpose_ == Purpose::kResume && zookeeper.alive(*old_session_)) {
    session_ = *old_session_;
    ++attempt_;
    zookeeper.attach(session_);
    if (zookeeper.node() && zookeeper.node()->session == session_) return registered(true);
    parts_.machine.session_file.reset();
    return claim();
  }
  if (purpose_ == Purpose::kEnd && zookeeper.alive(*old_session_)) zookeeper.end(*old_session_);
  if (purpose_ != Purpose::kNew) parts_.machine.session_file.reset();
  purpose_ = Purpose::kNew;
  session_ = zookeeper.open_session();
  zookeeper.attach(session_);
  claim();
}

// The node of another session is watched for a while before it is replaced.
void Registration::claim() {
  const std::int64_t wait = parts_.zookeeper.node() ? 3'000 : 5;
  parts_.later(wait, [this, attempt = ++attempt_] {
    if (attempt != attempt_ || !heard() || !parts_.zookeeper.alive(session_)) return;
    parts_.zookeeper.make_node(session_, startup_ms_);
    registered(false);
  });
}

void Registration::registered(bool resumed) {
  phase_ = Phase::kRegistered;
  purpose_ = Purpose::kNew;
  parts_.on_registered(resumed);
}

void Registration::register_again() {
  if (phase_ != Phase::kLost) return;
  phase_ = Phase::kConnecting;
  startup_ms_ = parts_.timeline.now();
  purpose_ = old_session_ ? Purpose::kEnd : Purpose::kNew;
  connect();
}

void Registration::allow_takeover(bool allowed) {
  takeover_allowed_ = allowed;
  parts_.machine.session_file.reset();
  if (allowed) parts_.machine.session_file = SavedSession{session_, parts_.machine.boot(), parts_.address};
}

void Registration::close() {
  if (heard() && session_ != 0 && parts_.zookeeper.alive(session_)) {
    parts_.zookeeper.end(session_);
    parts_.machine.session_file.reset();
  } else {
    process_killed();
  }
}

void Registration::connection_changed() {
  if (!heard()) {
    ++attempt_;
    if (session_ != 0) parts_.zookeeper.detach(session_);
    if (phase_ == Phase::kConnecting && purpose_ != Purpose::kResume) session_ = 0;  // it begins anew
    if (phase_ != Phase::kRegistered) return;
    phase_ = Phase::kSuspended;
    return limit_session(parts_.random.between(Zookeeper::kTimeoutMs / 3, Zookeeper::kTimeoutMs));
  }
  if (phase_ == Phase::kSuspended) {
    if (!parts_.zookeeper.alive(session_)) return session_ended();
    ++attempt_;
    phase_ = Phase::kRegistered;
    return parts_.zookeeper.attach(session_);
  }
  if (phase_ == Phase::kConnecting) connect();
}

void Registration::session_ended() {
  if (phase_ == Phase::kLost) return;
  if (phase_ == Phase::kConnecting) return connect();
  old_session_.reset();
  parts_.machine.session_file.reset();
  lose();
}

// Nobody is there to say that it has ended.
void Registration::limit_session(std::int64_t ms) {
  parts_.later(ms, [this, attempt = attempt_] {
    if (attempt != attempt_ || heard()) return;
    if (session_ != 0) old_session_ = session_;
    lose();
  });
}

void Registration::lose() {
  ++attempt_;
  phase_ = Phase::kLost;
  session_ = 0;
  parts_.on_expired();
}

void Registration::process_killed() {
  if (heard() && session_ != 0) parts_.zookeeper.detach(session_);
}

}  // namespace porpoise::simulation
