// The task host as a tenant's hand: started through sudo as the tenant, by a supervisor or worker that is not root, it
// does in the tenant's name what those may not, says on stderr what it could not do, and ends.
//
//   probe FOLDER                        can the tenant work there?
//   clear FOLDER                        remove what it made there
//   run PROGRAM WORD…                   become that program, without a way to more privileges (no_new_privs)
//   signal NUMBER GROUP                 send a signal to its processes in that process group
//   end SIGNAL HOST TICKS COOKIE        SIGTERM, or SIGKILL until none is left, to its processes of one task
//
// The words come from porpoise, but believe nothing: whoever may run it so may do all of that to the tenant anyway.
#pragma once

#include <span>

namespace porpoise {

// The exit status of the process.
int run_sudo_helper(std::span<char* const> words);

}  // namespace porpoise
