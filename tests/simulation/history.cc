#include "simulation/history.h"

#include <cstdio>

namespace porpoise::simulation {

std::string_view to_string(What what) {
  switch (what) {
    case What::kAccepted: return "accepted";
    case What::kKnown: return "dispatched again";
    case What::kMaster: return "belongs";
    case What::kRefused: return "refused";
    case What::kRejected: return "given back";
    case What::kSpawned: return "gets a host";
    case What::kBegan: return "begins to run";
    case What::kDied: return "is dead";
    case What::kLost: return "is recorded as lost";
    case What::kResult: return "has a result on disk";
    case What::kToldRunning: return "RUNNING told";
    case What::kToldResult: return "RESULT told";
    case What::kToldDelay: return "DELAY told";
    case What::kToldReject: return "REJECT told";
    case What::kHeard: return "RESULT heard";
    case What::kHeardReject: return "REJECT heard";
    case What::kRejectAcknowledged: return "ACK of a REJECT comes";
    case What::kAcknowledged: return "ACK comes";
    case What::kForgotten: return "forgotten";
    case What::kAbandoned: return "abandoned";
    case What::kTorn: return "has a torn file";
    case What::kPong: return "a PING is answered";
    case What::kGaveUp: return "given up";
    case What::kKill: return "kill ordered";
    case What::kUnwanted: return "is killed by a master";
    case What::kKillAnswer: return "kill answered";
    case What::kStarts: return "the worker starts";
    case What::kTurnedAway: return "a worker finds the data folder in use";
    case What::kCrash: return "THE WORKER IS KILLED";
    case What::kPowerCut: return "POWER CUT";
    case What::kLeft: return "the worker has left";
    case What::kRegistered: return "the worker is registered";
    case What::kExpired: return "the session has expired";
    case What::kFence: return "the worker fences its tasks";
    case What::kSaved: return "the worker's session may be taken over";
    case What::kOpen: return "the worker takes tasks";
    case What::kNote: return "-";
    case What::kSettled: return "no more faults since long; these masters answer:";
    case What::kEnd: return "the end; the worker holds";
  }
  return "?";
}

std::string to_string(const Event& event) {
  char time[32];
  std::snprintf(time, sizeof time, "%9.3f s  ", static_cast<double>(event.at) / 1000);
  std::string line = time;
  if (event.id != 0) line += "task " + std::to_string(event.id) + " ";
  line += to_string(event.what);
  if (event.number != 0) line += " (" + std::to_string(event.number) + ")";
  if (!event.peer.empty())
    line += (event.what == What::kHeard || event.what == What::kHeardReject ? " by " : " to ") + event.peer;
  if (!event.text.empty()) line += " " + event.text;
  return line;
}

}  // namespace porpoise::simulation
