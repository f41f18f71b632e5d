// Removes what tasks leave: trees of any depth, with names and rights that a stranger has chosen, without ever
// following a link out of them.
//
// Free functions; any thread; they block for as long as the disk takes. Each step goes from an open folder to one of
// its entries.
#pragma once

#include <string>

#include "base/result.h"

namespace porpoise {

// The entry `name` of the open folder `parent`, with everything in it; a link is removed, not what it leads to. What
// this user owns and may not read is made readable first. Nothing there: no error. kDenied: part of it is somebody
// else's.
Status remove_tree(int parent, const std::string& name);

// Everything in the open folder, as far as this user may; the folder itself stays.
void empty_folder(int folder);

}  // namespace porpoise
