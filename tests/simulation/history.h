// What happened in one simulated run, in order, as somebody saw it who sees everything.
//
// Values. Nobody in the simulated world reads it; checker.h does, when the run is over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace porpoise::simulation {

constexpr std::int64_t kTornResult = 2;

enum class What {
  // Of one task; `id` is its instance.
  kAccepted,     // by the table: it is on disk
  kKnown,        // a dispatch of it came again
  kMaster,       // who is told from now on is on disk
  kRefused,      // a dispatch: it is not accepted
  kRejected,     // after it was accepted
  kSpawned,      // its host
  kBegan,        // its code runs
  kDied,         // nothing of it lives any more
  kLost,         // found without a host after a restart, and recorded as lost
  kResult,       // it is on disk; text: what it says; number: 1 when it ended only since masters run it elsewhere
  kToldRunning,  // given to the net; peer: for whom
  kToldResult,   // text: the message without its receiver
  kToldDelay,
  kToldReject,
  kHeard,  // a master has its RESULT
  kHeardReject,
  kRejectAcknowledged,  // an ACK has come that may be for a REJECT of it, or for an earlier one
  kAcknowledged,        // an ACK has come that may be for its RESULT
  kForgotten,           // its folder is gone
  kAbandoned,
  kTorn,  // a file of it: number: 0 dispatch, 1 request, kTornResult
  kGaveUp,
  kKill,        // number: who asks
  kUnwanted,    // a master has killed it, and never acknowledges its end
  kKillAnswer,  // number: who asked; text: the status
  // Of the worker.
  kPong,        // to a PING; number: after how many ms
  kStarts,      // a process
  kTurnedAway,  // a process: another one has the data folder
  kCrash,
  kPowerCut,
  kLeft,        // it ended by itself
  kRegistered,  // number: 1 when its session was resumed
  kExpired,
  kFence,
  kSaved,  // its session, for a later process
  kOpen,
  // Of the run.
  kNote,     // of no concern to the checker
  kSettled,  // no faults for long enough; text: masters that acknowledge everything, each between two spaces
  kEnd,      // number: what the worker still holds
};

std::string_view to_string(What what);

struct Event {
  std::int64_t at = 0;
  What what = What::kNote;
  std::int64_t id = 0;
  std::int64_t number = 0;
  std::string text;
  std::string peer;
};

std::string to_string(const Event& event);

using History = std::vector<Event>;

}  // namespace porpoise::simulation
