// What keeps processes of one user apart: a process that others of its user cannot look into, and one that is shut out
// of folders for good, with all that it starts (Landlock, <linux/landlock.h>).
//
// Free functions on the calling process; nothing here can be taken back. Landlock only ever allows: what is next to a
// hidden folder, and next to each folder above it, is allowed by name as it is at that moment. So in a folder above a
// hidden one a confined process can neither make a file nor open one that was made there later; deeper it can. Names
// stay visible, contents do not. It loses mounting, and tracing of processes that are not confined with it.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"

namespace porpoise {

// No other process of this user reads the memory, environment or descriptors of this one, or traces it, and it leaves
// no core (PR_SET_DUMPABLE). Holds until exec. Files below /proc/self become root's: what only their owner may write
// there cannot be written any more.
void close_to_others();

// What this kernel can do.
struct ConfinementLevel {
  bool files = false;    // since Linux 5.19, where Landlock is on; before, it forbids every move between folders
  bool signals = false;  // since Linux 6.12: a confined process signals only those that are confined with it
};
ConfinementLevel confinement_level();

struct Confinement {
  std::vector<std::filesystem::path> hidden;    // with all that is below them; what does not exist is left out
  std::vector<std::filesystem::path> writable;  // below these all is allowed nevertheless
  std::vector<std::filesystem::path> readable;  // the same, but for reading alone
};

// Of the calling thread and all that it starts; call it before there are others. It must have no_new_privs, or be root.
// ErrorCode::kUnavailable: not with this kernel.
Status confine(const Confinement& confinement);

}  // namespace porpoise
